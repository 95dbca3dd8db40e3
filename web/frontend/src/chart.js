// Pages with charts: a run's curve, its bars, and why.
import { curve } from "./chart/curve.js";
import { PriceChart } from "./chart/price.js";
import { Why } from "./chart/why.js";
import { say } from "./notices.js";

for (const host of document.querySelectorAll("[data-curve]")) curve(host);

for (const host of document.querySelectorAll("[data-bars-of]")) {
  PriceChart.in(host, host.dataset.barsOf, ({ setup, row }) => {
    location.href = setup ? `${host.dataset.why}?n=${setup.n}` : `${host.dataset.why}?row=${row}`;
  })
    .then((chart) => chart.fit().then(() => (host.dataset.drawn = "")))
    .catch((error) => say(error.message));
}

const why = document.getElementById("why");
if (why) Why.on(why).catch((error) => say(error.message));

// two ticked runs can be compared
for (const form of document.querySelectorAll("[data-compare]")) {
  const ticked = () => [...form.querySelectorAll("input[name=run]:checked")].map((box) => Number(box.value)).sort((a, b) => a - b);
  const button = () => form.querySelector(".compare-line button");
  form.addEventListener("change", () => (button().disabled = ticked().length !== 2));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [a, b] = ticked();
    location.href = `/runs/compare?a=${a}&b=${b}`;
  });
}

for (const form of document.querySelectorAll("form[data-sure]")) {
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.sure)) event.preventDefault();
  });
}

// another strategy has other versions and parameters
for (const select of document.querySelectorAll("select[data-reload]")) {
  select.addEventListener("change", () => (location.search = new URLSearchParams({ strategy: select.value })));
}
