// The design's colours as a canvas needs them: resolved, for the looks at hand.
const NAMES = ["paper", "sheet", "raised", "ink", "muted", "line", "strong-line", "accent", "good", "bad", "warn", "up", "down", "level", "session"];
const STAGES = 6;

export function colours() {
  const probe = document.createElement("i");
  document.body.append(probe);
  const resolved = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const found = Object.fromEntries(NAMES.map((name) => [name, resolved(name)]));
  found.stages = Array.from({ length: STAGES }, (_, number) => resolved(`stage-${number}`));
  const theme = document.documentElement.dataset.theme;
  found.dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  found.sans = getComputedStyle(document.body).fontFamily;
  probe.remove();
  return found;
}

/** A resolved colour, so much of it. */
export function tint(colour, share) {
  const [red, green, blue] = colour.match(/[\d.]+/g) ?? [0, 0, 0];
  return `rgba(${red}, ${green}, ${blue}, ${share})`;
}

/** Calls back when the looks change, by the switch or by the system. */
export function onLooks(changed) {
  document.addEventListener("engine:look", changed);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
