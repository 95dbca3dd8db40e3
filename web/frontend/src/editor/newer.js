// Whether somebody saved, or changed the file, since this text was loaded: asked when a person comes
// back to the page, and now and then while it is looked at.
import { ask } from "../asking.js";

const EVERY = 20_000;

export function mountNewer(form) {
  const place = document.getElementById("newer");
  if (!place) return;
  const base = Number(form.elements.base.value);
  const look = async () => {
    if (document.hidden) return;
    const found = await ask(`/api/strategies/${form.dataset.name}`).catch(() => null);
    if (!found || found.version === base) return;
    const link = document.createElement("a");
    link.href = `/strategies/${form.dataset.name}/versions`;
    link.textContent = "See what it changes.";
    place.textContent = `There is a newer version ${found.version}. Saving will ask you to put both together. `;
    place.append(link);
    place.hidden = false;
  };
  document.addEventListener("visibilitychange", look);
  window.addEventListener("focus", look);
  setInterval(look, EVERY);
}
