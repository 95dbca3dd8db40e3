// The price chart: bars of whatever size fits, fetched as one goes along, and a story on them.
import { CandlestickSeries, HistogramSeries, createChart } from "lightweight-charts";
import { Clock } from "./clock.js";
import { colours, onLooks, tint } from "./colours.js";
import { barAt, minuteAt, placeOf, unpack } from "./columns.js";
import { Story } from "./story.js";

const POINTS = 2400; // bars asked for at once: what is seen, and as much again on either side
const FEW = 260; // with fewer bars in sight than this, smaller ones are asked for where there are any
const REST = 90; // milliseconds without a move before new bars are asked for

export class PriceChart {
  /** In an element, of the run whose API lies at `base`; `picked` hears of bars and setups. */
  static async in(host, base, picked = () => {}) {
    const about = await json(`${base}/chart/about`);
    return new PriceChart(host, base, about, picked);
  }

  constructor(host, base, about, picked) {
    Object.assign(this, { host, base, about, picked });
    this.clock = new Clock(about.zone);
    // made once: to make one takes longer than to write a hundred prices
    this.prices = new Intl.NumberFormat("en-US", { minimumFractionDigits: about.decimals, maximumFractionDigits: about.decimals });
    this.counts = new Intl.NumberFormat("en-US");
    this.bars = { n: 0, minute: [], setups: [] };
    this.story = new Story(about);
    this.asked = null;
    this.pressed = false;
    this.chart = createChart(host, {
      autoSize: true,
      layout: { attributionLogo: false }, // it brings a style of its own; the footer has the notice
      kineticScroll: { mouse: false, touch: false },
      crosshair: { mode: 0 },
      timeScale: { timeVisible: true, secondsVisible: false, minBarSpacing: 0.3, rightOffset: 4 },
      handleScale: { mouseWheel: false },
      handleScroll: { mouseWheel: false, vertTouchDrag: false },
      localization: {
        locale: "en-GB",
        priceFormatter: (price) => this.prices.format(price),
        timeFormatter: (stamp) => this.told(stamp),
      },
    });
    this.candles = this.chart.addSeries(CandlestickSeries, {
      priceLineVisible: false,
      lastValueVisible: false,
      autoscaleInfoProvider: (original) => joined(original(), this.story.autoscaleInfo(...this.inSight())),
    });
    this.volume = this.chart.addSeries(HistogramSeries, { priceScaleId: "volume", priceLineVisible: false, lastValueVisible: false, priceFormat: { type: "volume" } });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0.04 }, visible: false });
    this.candles.attachPrimitive(this.story);
    this.readout = document.createElement("p");
    this.readout.className = "readout";
    host.append(this.readout);
    this.paint();
    onLooks(() => this.paint());
    this.listen();
  }

  // --- looks ---------------------------------------------------------------------------------

  paint() {
    const tones = colours();
    this.tones = tones;
    this.chart.applyOptions({
      layout: { attributionLogo: false, background: { color: tones.sheet }, textColor: tones.muted, fontFamily: tones.sans, fontSize: 11 },
      grid: { vertLines: { color: tint(tones.line, 0.5) }, horzLines: { color: tint(tones.line, 0.5) } },
      rightPriceScale: { borderColor: tones.line, scaleMargins: { top: 0.05, bottom: 0.17 } },
      timeScale: { borderColor: tones.line },
      crosshair: { vertLine: { labelBackgroundColor: tones.muted }, horzLine: { labelBackgroundColor: tones.muted } },
    });
    const { up, down, sheet } = tones;
    this.candles.applyOptions({ upColor: sheet, downColor: down, borderUpColor: up, borderDownColor: down, wickUpColor: up, wickDownColor: down });
    this.story.set({ colours: tones });
    if (this.bars.n) this.pour();
  }

  told(stamp) {
    const at = this.bars.stamp ? this.bars.stamp.indexOf(stamp) : -1;
    if (at < 0) return "";
    const minute = this.bars.minute[at];
    return `${this.clock.full(minute)} · ${this.clock.utc(minute)}`;
  }

  // --- bars ----------------------------------------------------------------------------------

  /** Ask for the bars of a stretch of minutes and show that stretch. */
  async look(from, to) {
    const span = to - from;
    this.wanted = { from, to };
    await this.fetch(from - span, to + span);
    this.show(this.wanted.from, this.wanted.to);
  }

  async fetch(from, to) {
    this.asked?.abort();
    const asked = (this.asked = new AbortController());
    const words = new URLSearchParams({ first: Math.floor(from), last: Math.ceil(to), points: POINTS });
    const told = await json(`${this.base}/chart?${words}`, asked.signal);
    if (asked.signal.aborted) return;
    this.bars = unpack(told, this.about);
    this.pour();
    this.host.dataset.bars = String(this.bars.n);
    this.host.dataset.size = String(this.bars.size);
  }

  pour() {
    const { up, down } = this.tones;
    const [rises, falls] = [tint(up, 0.35), tint(down, 0.35)];
    this.story.bars = null;
    this.candles.setData(this.bars.candles);
    this.volume.setData(this.bars.volumes.map((one) => ({ time: one.time, value: one.value, color: one.rises ? rises : falls })));
    this.story.set({ bars: this.bars });
  }

  /** The chart takes this over with its next frame; until then `seen` knows it from here. */
  show(from, to) {
    if (!this.bars.n) return;
    this.view = [from, to];
    this.chart.timeScale().setVisibleLogicalRange({ from: placeOf(this.bars, from), to: placeOf(this.bars, to) });
  }

  /** The first and last place in sight. */
  inSight() {
    const range = this.chart.timeScale().getVisibleLogicalRange();
    return range ? [range.from, range.to] : [0, -1];
  }

  /** The stretch of minutes in sight. */
  get seen() {
    if (this.view) return this.view;
    const [from, to] = this.inSight();
    return this.bars.n ? [minuteAt(this.bars, from), minuteAt(this.bars, to)] : [this.about.first, this.about.last];
  }

  /** A hand moved the chart: what is in sight is what the chart says. */
  moved(range) {
    if (!this.view || !range || !this.bars.n) return;
    const far = (place, minute) => Math.abs(place - placeOf(this.bars, minute)) > 0.05;
    if (far(range.from, this.view[0]) || far(range.to, this.view[1])) this.view = null;
  }

  /** New bars where what is in sight has too few, too many, or nears the end of what is there. */
  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refill(), REST);
  }

  async refill() {
    if (this.pressed || !this.bars.n) return;
    const [from, to] = this.seen.map((minute) => placeOf(this.bars, minute));
    const seen = to - from;
    const finer = this.about.sizes.some((size) => size < this.bars.size);
    const ends = (this.bars.before && from < 0.3 * seen) || (this.bars.after && to > this.bars.n - 0.3 * seen);
    const coarse = seen > POINTS / 2 && this.bars.size < this.about.sizes.at(-1) && (this.bars.before || this.bars.after);
    if (!(ends || coarse || (finer && seen < FEW))) return;
    const [first, last] = this.seen;
    if (finer && seen < FEW && !ends && this.tried === `${first} ${last}`) return;
    this.tried = `${first} ${last}`;
    try {
      await this.fetch(first - (last - first), last + (last - first));
      this.show(...(this.view ?? [first, last]));
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  // --- a story -------------------------------------------------------------------------------

  /** Draw a setup and bring it into sight. */
  async tell(story, look = true) {
    this.story.set({ story });
    if (!look || !story) return;
    const room = Math.max(14 * this.about.minutes, Math.round((story.to - story.from) * 0.35));
    await this.look(story.from - room, story.to + room);
  }

  /** Mark a bar, and bring it into sight where it is not. */
  async mark(minute) {
    this.story.set({ looked: minute });
    const [from, to] = this.seen;
    if (minute > from && minute < to && this.bars.n) return;
    const half = (to - from) / 2;
    await this.look(minute - half, minute + half);
  }

  fit() {
    if (this.story.story) return this.tell(this.story.story);
    return this.look(this.about.first, this.about.last);
  }

  zoom(times, around = null) {
    const [from, to] = this.seen;
    const at = around ?? this.story.looked ?? (from + to) / 2;
    const [first, last] = [at - (at - from) * times, at + (to - at) * times];
    if (last - first < 6 * this.about.minutes || last - first > 3 * (this.about.last - this.about.first + 1)) return;
    this.show(first, last);
    this.later();
  }

  pan(share) {
    const [from, to] = this.seen;
    const moved = (to - from) * share;
    this.show(from + moved, to + moved);
    this.later();
  }

  // --- hands ---------------------------------------------------------------------------------

  listen() {
    const { host, chart } = this;
    chart.subscribeClick(({ point, logical }) => {
      if (!point || !this.bars.n) return;
      const height = chart.paneSize().height;
      const setup = this.story.setupAt(point.x, point.y, height);
      if (setup) this.picked({ setup });
      else if (logical !== undefined && logical !== null) {
        const at = Math.max(0, Math.min(this.bars.n - 1, logical));
        this.picked({ minute: this.bars.minute[at], row: this.bars.row[at] });
      }
    });
    chart.subscribeCrosshairMove(({ logical, point }) => {
      const at = logical ?? -1;
      const known = at >= 0 && at < this.bars.n;
      this.readout.textContent = known ? this.line(at) : this.idle();
      const setup = point && this.story.bars?.n ? this.story.setupAt(point.x, point.y, chart.paneSize().height) : null;
      host.title = setup ? `${setup.name}: ${setup.fate}${setup.reason ? `, ${setup.reason}` : ""}` : "";
      host.classList.toggle("over-setup", Boolean(setup));
    });
    chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (this.pressed) this.moved(range);
      this.later();
    });
    host.addEventListener("pointerdown", () => (this.pressed = true));
    for (const over of ["pointerup", "pointercancel"]) {
      window.addEventListener(over, () => {
        if (this.pressed) this.later();
        this.pressed = false;
      });
    }
    host.addEventListener("wheel", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        if (event.ctrlKey || event.metaKey) {
          const place = chart.timeScale().coordinateToLogical(event.clientX - host.getBoundingClientRect().left);
          this.zoom(Math.exp(event.deltaY * 0.0025), minuteAt(this.bars, place));
        } else {
          this.pan(((event.deltaX || event.deltaY) / host.clientWidth) * 0.9);
        }
      }
    }, { passive: false });
  }

  line(at) {
    const { open, high, low, close } = this.bars.candles[at];
    const text = (price) => this.prices.format(price);
    const minute = this.bars.minute[at];
    const volume = this.counts.format(this.bars.volumes[at].value);
    return `${this.clock.full(minute)} (${this.clock.utc(minute)})  O ${text(open)}  H ${text(high)}  L ${text(low)}  C ${text(close)}  V ${volume}`;
  }

  idle() {
    return this.bars.size > this.about.minutes ? `bars of ${sizeText(this.bars.size)}` : "";
  }
}

function sizeText(minutes) {
  const names = { 1440: "a trading date", 10080: "a week" };
  return names[minutes] ?? (minutes % 60 ? `${minutes} min` : `${minutes / 60} h`);
}

function joined(info, more) {
  if (!info || !more) return info ?? more;
  const [one, other] = [info.priceRange, more.priceRange];
  return {
    priceRange: { minValue: Math.min(one.minValue, other.minValue), maxValue: Math.max(one.maxValue, other.maxValue) },
    margins: more.margins,
  };
}

export async function json(path, signal) {
  const answer = await fetch(path, { headers: { accept: "application/json" }, signal });
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.detail ?? "refused"), { problem: told });
  return told;
}

export { barAt };
