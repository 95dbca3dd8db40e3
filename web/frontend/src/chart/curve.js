// Equity and drawdown of one run, or of two: points that the page carries along as JSON.
import { AreaSeries, BaselineSeries, LineSeries, createChart } from "lightweight-charts";
import { Clock } from "./clock.js";
import { colours, onLooks, tint } from "./colours.js";

export function curve(host) {
  const told = JSON.parse(document.getElementById(host.dataset.curve).textContent);
  const clock = new Clock(told.zone);
  const minutes = new Map();
  const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const money = (value) => whole.format(value);
  const chart = createChart(host, {
    autoSize: true,
    layout: { attributionLogo: false },
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false },
    crosshair: { mode: 1 },
    timeScale: { timeVisible: false, minBarSpacing: 0.02, fixLeftEdge: true, fixRightEdge: true },
    localization: { locale: "en-GB", timeFormatter: (stamp) => (minutes.has(stamp) ? `${clock.full(minutes.get(stamp))} · ${clock.utc(minutes.get(stamp))}` : "") },
  });
  const plain = { priceLineVisible: false, lastValueVisible: false, lineWidth: 2 };
  const many = told.curves.length > 1;
  const drawn = told.curves.map(({ curve: one, name }, number) => {
    const stamps = stampsOf(one.minute, clock, minutes);
    const line = many
      ? chart.addSeries(LineSeries, { ...plain, title: name, priceFormat: { type: "custom", formatter: money, minMove: 0.01 } }, 0)
      : chart.addSeries(BaselineSeries, { ...plain, baseValue: { type: "price", price: one.start }, priceFormat: { type: "custom", formatter: money, minMove: 0.01 } }, 0);
    line.setData(stamps.map((time, at) => ({ time, value: one.equity[at] })));
    const down = chart.addSeries(AreaSeries, {
      ...plain,
      invertFilledArea: true,
      priceFormat: { type: "custom", formatter: (value) => `${value.toFixed(1)} %`, minMove: 0.01 },
    }, 1);
    down.setData(stamps.map((time, at) => ({ time, value: -100 * one.down[at] })));
    return { line, down, number };
  });
  const paint = () => {
    const tones = colours();
    chart.applyOptions({
      layout: { attributionLogo: false, background: { color: tones.sheet }, textColor: tones.muted, fontFamily: tones.sans, fontSize: 11, panes: { separatorColor: tones.line, enableResize: false } },
      grid: { vertLines: { visible: false }, horzLines: { color: tint(tones.line, 0.6) } },
      rightPriceScale: { borderVisible: false },
      timeScale: { borderColor: tones.line },
    });
    for (const { line, down, number } of drawn) {
      const own = [tones.accent, tones.warn][number] ?? tones.ink;
      if (many) line.applyOptions({ color: own });
      else {
        line.applyOptions({
          topLineColor: tones.good, topFillColor1: tint(tones.good, 0.22), topFillColor2: tint(tones.good, 0.02),
          bottomLineColor: tones.bad, bottomFillColor1: tint(tones.bad, 0.02), bottomFillColor2: tint(tones.bad, 0.22),
        });
      }
      const fall = many ? own : tones.bad;
      down.applyOptions({ lineColor: fall, lineWidth: 1, topColor: tint(fall, 0.02), bottomColor: tint(fall, 0.22) });
    }
  };
  paint();
  onLooks(paint);
  const [top, bottom] = chart.panes();
  top.setStretchFactor(3);
  bottom?.setStretchFactor(1);
  chart.timeScale().fitContent();
  host.dataset.drawn = String(drawn.length);
}

/** Rising seconds on the exchange's clock; where they come from is remembered. */
function stampsOf(minute, clock, minutes) {
  let last = -Infinity;
  return minute.map((at) => {
    const { year, month, day, hour, minute: past } = clock.parts(at);
    last = Math.max(last + 1, Date.UTC(year, month - 1, day, hour, past) / 1000);
    minutes.set(last, at);
    return last;
  });
}
