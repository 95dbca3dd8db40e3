// A notice is taken away by its button; a request that never arrived is said, not swallowed.
const place = document.getElementById("notices");

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (button) button.closest(".notice")?.remove();
});

export function say(text, tone = "bad") {
  if (!place) return;
  const notice = document.createElement("div");
  notice.className = `notice ${tone}`;
  const words = document.createElement("p");
  words.textContent = text;
  const button = document.createElement("button");
  button.className = "button quiet";
  button.type = "button";
  button.dataset.dismiss = "";
  button.textContent = "Close";
  notice.append(words, button);
  place.replaceChildren(notice);
}

document.addEventListener("htmx:error", (event) => {
  if (event.detail.error?.name === "AbortError") return;
  say("The page did not answer. Is engine web still running?");
});
