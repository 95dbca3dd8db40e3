// What lies beside the text: the diagram, whose parts lead to their lines, and the parameters,
// which write themselves back into the text.
import { ask } from "../asking.js";
import { apply, goTo } from "./findings.js";

const PAUSE = 160;

function wired(view, form) {
  const open = (target) => {
    const place = target.closest?.("#beside [data-line]");
    if (!place) return false;
    goTo(view, Number(place.dataset.line));
    return true;
  };
  document.addEventListener("click", (event) => open(event.target));
  document.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && open(event.target)) event.preventDefault();
  });

  let timer = 0;
  document.addEventListener("input", (event) => {
    const dial = event.target.closest?.("[data-dial]");
    if (!dial) return;
    clearTimeout(timer);
    timer = setTimeout(() => turn(view, dial, event.target), PAUSE);
  });
}

async function turn(view, dial, was) {
  const field = document.getElementById(was.id) ?? was; // drawn anew meanwhile
  const { rangeUnderflow, rangeOverflow, badInput, valueMissing } = field.validity;
  const wrong = rangeUnderflow || rangeOverflow || badInput || valueMissing;
  field.setAttribute("aria-invalid", String(wrong));
  if (wrong) return;
  const text = view.state.doc.toString();
  const { name, side, unit } = dial.dataset;
  const body = { text, name, side, unit, value: field.value };
  try {
    const { change } = await ask("/api/language/parameter", { method: "POST", body });
    if (view.state.doc.toString() !== text) {
      turn(view, dial, field);
      return;
    }
    const focused = document.activeElement;
    apply(view, change);
    focused?.focus?.();
  } catch (error) {
    field.setAttribute("aria-invalid", "true");
    field.title = error.problem?.detail ?? "";
  }
}

/** Draw the server's fragment for a text, and keep the focus where it is. */
async function drawn(form, text) {
  const body = new URLSearchParams({ text, base: form.elements.base.value });
  const headers = {
    "x-csrftoken": document.querySelector("meta[name=csrf-token]").content,
    "hx-request": "true",
  };
  const answer = await fetch(`/strategies/${form.dataset.name}/beside`, {
    method: "POST",
    body,
    headers,
  });
  const place = document.getElementById("beside");
  if (!answer.ok || !place) return;
  const made = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = made.getElementById("beside");
  if (!fresh) return;
  if (fresh.hasAttribute("data-empty") && !place.hasAttribute("data-empty")) {
    place.classList.add("stale"); // better yesterday's drawing than none while a word is written
    return;
  }
  const { id, value } = document.activeElement ?? {};
  place.replaceWith(fresh);
  const field = id ? document.getElementById(id) : null;
  if (field?.closest("[data-dial]")) {
    field.focus();
    if (field.value !== value) {
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
}

export function mountBeside(view, form) {
  if (!document.getElementById("beside")) return () => {};
  wired(view, form);
  let last = null;
  return (told, text) => {
    const key = told.summary ? JSON.stringify([told.summary.hash, text.length, told.names]) : null;
    const place = document.getElementById("beside");
    place?.classList.toggle("stale", !told.summary);
    // lines move with every new line, so the places in the drawing are made again too
    if (!told.summary || (key === last && !told.is_thorough)) return;
    if (key !== last) drawn(form, text);
    last = key;
  };
}
