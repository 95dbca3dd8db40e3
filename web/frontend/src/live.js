// The live page: dialogs for what a person wants of the engine, and honesty about old news.
const LATE = 8000; // the server says something every 5 s at least
const live = document.getElementById("live");
const stale = document.getElementById("stale");
const news = document.getElementById("news");
let heard = Date.now();
let isHeard = false;

function hear() {
  heard = Date.now();
  isHeard = true;
  stale.hidden = true;
  live.classList.remove("old");
  tell();
}

function tell() {
  const age = Date.now() - heard;
  const seconds = Math.round(age / 1000);
  const text = isHeard ? (seconds < 2 ? "up to date" : `heard ${seconds} s ago`) : "connecting";
  if (news.textContent !== text) news.textContent = text;
  if (age < LATE || document.hidden) return;
  const words = `No news for ${seconds} s: what is shown here is old. Is engine web running?`;
  stale.hidden = false;
  if (stale.textContent !== words) stale.textContent = words;
  live.classList.add("old");
}

live.addEventListener("htmx:sse:after:message", hear);
live.addEventListener("alive", hear);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) heard = Date.now(); // the stream pauses in the background
});
setInterval(tell, 1000);

function open(dialog) {
  document.getElementById("said").replaceChildren();
  dialog.querySelector("form").reset();
  dialog.showModal();
}

for (const button of document.querySelectorAll("[data-opens]")) {
  button.addEventListener("click", () => open(document.getElementById(button.dataset.opens)));
}
for (const button of document.querySelectorAll("dialog [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
document.addEventListener("htmx:after:request", (event) => {
  event.detail.ctx?.sourceElement?.closest?.("dialog")?.close();
});
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, select, dialog");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const halt = document.getElementById("dialog-halt");
  if (event.key.toLowerCase() !== "h" || !halt) return;
  event.preventDefault();
  open(halt);
});
