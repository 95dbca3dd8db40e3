// The clocks of the bar: each element with data-clock names a zone (empty: this computer's).
const clocks = [...document.querySelectorAll("[data-clock]")].map((element) => ({
  element,
  form: new Intl.DateTimeFormat("en-GB", {
    timeZone: element.dataset.clock || undefined,
    hour: "2-digit",
    minute: "2-digit",
  }),
}));

function tick() {
  const now = new Date();
  for (const { element, form } of clocks) {
    const text = form.format(now);
    if (element.textContent !== text) element.textContent = text;
  }
  if (clocks.length) setTimeout(tick, 1000 - (Date.now() % 1000));
}
tick();
