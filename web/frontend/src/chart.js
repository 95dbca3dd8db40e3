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
