// What is drawn on the bars: one setup's story in full, the lives of the others as a ribbon, and the
// bar that is looked at. A primitive of the price series (lightweight-charts' plug-in interface).
import { barAt } from "./columns.js";
import { tint } from "./colours.js";

const LANES = 3;
const LANE = 7;
const HEAD = 30;

export class Story {
  constructor(about) {
    this.about = about;
    this.bars = null;
    this.story = null;
    this.looked = null;
    this.near = null;
    this.ribbon = [];
    this.step = 1;
    const view = (zOrder, draw) => ({
      zOrder: () => zOrder,
      renderer: () => ({
        draw: (target) => {
          if (this.bars?.n && this.chart) target.useMediaCoordinateSpace((scope) => draw(scope.context, scope.mediaSize));
        },
      }),
    });
    this.views = [
      view("bottom", (context, size) => this.behind(context, size)),
      view("top", (context, size) => this.before(context, size)),
    ];
  }

  attached({ chart, series, requestUpdate }) {
    Object.assign(this, { chart, series, requestUpdate });
  }

  detached() {
    this.chart = this.series = null;
  }

  updateAllViews() {}

  paneViews() {
    return this.views;
  }

  /** New bars, story, looked-at minute or colours; whatever is named changes. */
  set(changes) {
    Object.assign(this, changes);
    if (changes.bars) this.arrange();
    this.requestUpdate?.();
  }

  /** Prices that should be seen with the bars. */
  autoscaleInfo(first, last) {
    if (!this.story || !this.bars?.n) return null;
    const tick = this.about.tick[0] / this.about.tick[1];
    const [from, to] = [barAt(this.bars, this.story.from), barAt(this.bars, this.story.to)];
    if (to < first || from > last) return null;
    let [low, high] = [Infinity, -Infinity];
    for (let i = Math.max(0, Math.floor(first)); i <= Math.min(this.bars.n - 1, last); i++) {
      low = Math.min(low, this.bars.candles[i].low);
      high = Math.max(high, this.bars.candles[i].high);
    }
    if (low > high) return null;
    const reach = 0.5 * (high - low);
    const bracket = this.story.bracket;
    const asked = [...this.story.levels.map((level) => level.price), ...(bracket ? [bracket.entry, bracket.stop, ...bracket.targets] : [])];
    const near = asked.map((ticks) => ticks * tick).filter((price) => price > low - reach && price < high + reach);
    return { priceRange: { minValue: Math.min(low, ...near), maxValue: Math.max(high, ...near) }, margins: { above: HEAD + 12, below: 8 } };
  }

  // --- scales --------------------------------------------------------------------------------

  /** The middle of a bar that holds a minute. */
  x(minute) {
    return this.chart.timeScale().logicalToCoordinate(barAt(this.bars, minute)) ?? -1e4;
  }

  y(ticks) {
    return this.series.priceToCoordinate((ticks * this.about.tick[0]) / this.about.tick[1]) ?? -1e4;
  }

  /** How wide a bar is now: it costs a copy of all options, so it is asked for once a drawing. */
  measure() {
    this.step = this.chart.timeScale().options().barSpacing;
  }

  // --- behind the bars -----------------------------------------------------------------------

  behind(context, size) {
    this.measure();
    this.paintStages(context, size);
    this.paintLooked(context, size);
    this.paintRibbon(context, size);
    if (!this.story) return;
    this.paintLevels(context, size);
    this.paintBracket(context);
  }

  paintStages(context, { height, width }) {
    const lanes = [];
    context.font = `600 11px ${this.colours.sans}`;
    for (const span of this.story?.stages ?? []) {
      const colour = this.colours.stages[span.number % this.colours.stages.length];
      const left = this.x(span.from) - this.step / 2;
      const right = Math.max(left + 1, this.x(span.to) + (span.to === this.story.to ? this.step / 2 : -this.step / 2));
      if (right < 0 || left > width) continue;
      context.fillStyle = tint(colour, this.colours.dark ? 0.15 : 0.1);
      context.fillRect(left, 0, right - left, height);
      context.fillStyle = colour;
      context.fillRect(left, 0, right - left, 3);
      const start = Math.max(left + 5, 6);
      const wide = context.measureText(span.name).width;
      let lane = lanes.findIndex((end) => end + 10 < start);
      if (lane < 0) lane = lanes.push(0) - 1;
      if (lane > 2) continue;
      lanes[lane] = start + wide;
      context.fillText(span.name, start, 16 + 13 * lane);
    }
  }

  paintLooked(context, { height }) {
    if (this.looked === null) return;
    const [x, wide] = [this.x(this.looked), Math.max(3, this.step)];
    context.fillStyle = tint(this.colours.accent, 0.2);
    context.fillRect(x - wide / 2, 0, wide, height);
    context.fillStyle = this.colours.accent;
    context.fillRect(x - wide / 2, height - 2, wide, 2);
  }

  /** Every setup of the window in a lane of its own, so far as there are lanes. */
  arrange() {
    const ends = [];
    this.ribbon = this.bars.setups.map((setup) => {
      let lane = ends.findIndex((end) => end < setup.from);
      if (lane < 0) lane = ends.length < LANES ? ends.push(0) - 1 : ends.indexOf(Math.min(...ends));
      ends[lane] = Math.max(ends[lane] ?? 0, setup.to);
      return { ...setup, lane };
    });
  }

  toneOf(setup) {
    const { good, bad, warn, muted, accent } = this.colours;
    return { traded: good, open: good, refused: warn, cancelled: warn, waiting: accent, alive: accent, dead: setup.level > 0 ? bad : muted }[setup.fate];
  }

  place(setup, height) {
    const left = this.x(setup.from) - this.step / 2;
    const right = Math.max(left + 2, this.x(setup.to) + this.step / 2);
    return [left, height - 6 - LANE * (LANES - setup.lane), right - left, LANE - 2];
  }

  paintRibbon(context, { height, width }) {
    for (const setup of this.ribbon) {
      const [left, top, wide, tall] = this.place(setup, height);
      if (left + wide < 0 || left > width) continue;
      context.fillStyle = tint(this.toneOf(setup), setup.n === this.story?.n ? 1 : 0.45);
      context.fillRect(left, top, wide, tall);
    }
  }

  /** The setup whose ribbon lies under a point, if any. */
  setupAt(x, y, height) {
    if (y < height - 8 - LANE * LANES) return null;
    return this.ribbon.find((setup) => {
      const [left, top, wide, tall] = this.place(setup, height);
      return x >= left - 2 && x <= left + wide + 2 && y >= top - 1 && y <= top + tall + 1;
    }) ?? null;
  }

  paintLevels(context, { width }) {
    this.texts = [];
    context.lineWidth = 1;
    context.font = `11px ${this.colours.sans}`;
    const many = new Map();
    for (const level of this.story.levels) {
      const key = `${level.price}/${level.session}`;
      const known = many.get(key);
      if (known) known.name += `, ${level.name}`;
      else many.set(key, { ...level });
    }
    for (const level of many.values()) {
      const [left, right, y] = [this.x(level.from), this.x(level.to) + this.step / 2, Math.round(this.y(level.price)) + 0.5];
      if (right < 0 || left > width) continue;
      const colour = level.session ? this.colours.session : this.colours.level;
      context.strokeStyle = colour;
      context.setLineDash(level.session ? [2, 4] : []);
      line(context, Math.max(0, left), y, Math.min(width, right), y);
      this.texts.push([level.name, Math.max(4, left), y - 6, colour]);
    }
    context.setLineDash([]);
  }

  paintBracket(context) {
    const { bracket, exits, moves } = this.story;
    if (!bracket) return;
    const left = this.x(bracket.at);
    const last = exits.length ? exits[exits.length - 1].at : this.story.to;
    const right = Math.max(this.x(last), left + 40);
    const [entry, stop] = [this.y(bracket.entry), this.y(bracket.stop)];
    context.fillStyle = tint(this.colours.bad, 0.13);
    context.fillRect(left, Math.min(entry, stop), right - left, Math.abs(stop - entry));
    context.fillStyle = tint(this.colours.good, 0.13);
    for (const target of bracket.targets) {
      const y = this.y(target);
      context.fillRect(left, Math.min(entry, y), right - left, Math.abs(y - entry));
    }
    context.lineWidth = 1.5;
    context.font = `600 11px ${this.colours.sans}`;
    const marked = (ticks, name, colour) => {
      const y = this.y(ticks);
      context.strokeStyle = colour;
      line(context, left, y, right, y);
      this.texts.push([name, right + 4, y + 4, colour]);
    };
    marked(bracket.entry, "entry", this.colours.ink);
    marked(moves.length ? moves[moves.length - 1].price : bracket.stop, "stop", this.colours.bad);
    bracket.targets.forEach((target, number) => marked(target, this.about.targets[number], this.colours.good));
  }

  // --- before the bars -----------------------------------------------------------------------

  before(context, { width }) {
    if (!this.story) return;
    this.used = [];
    for (const [text, x, y, colour] of this.texts ?? []) this.write(context, text, x, y, colour, -1, width);
    this.paintMarks(context, width);
    this.paintFills(context, width);
    this.paintNear(context, width);
    this.paintDeath(context, width);
  }

  /** Text with a rim that keeps clear of text before it; `way` is where it gives. */
  write(context, text, x, y, colour, way, width, centred = false) {
    context.font = `600 11px ${this.colours.sans}`;
    const wide = context.measureText(text).width;
    const left = Math.max(3, Math.min(centred ? x - wide / 2 : x, width - wide - 3));
    if (x < -20 || x > width + 20) return;
    let at = y;
    for (let tries = 0; tries < 6; tries++) {
      const clash = this.used.find((box) => left < box.right + 4 && left + wide > box.left - 4 && Math.abs(at - box.y) < 13);
      if (!clash) break;
      at = clash.y + 13 * way;
    }
    this.used.push({ left, right: left + wide, y: at });
    context.strokeStyle = this.colours.sheet;
    context.lineWidth = 3;
    context.lineJoin = "round";
    context.strokeText(text, left, at);
    context.fillStyle = colour;
    context.fillText(text, left, at);
  }

  candle(minute) {
    return this.bars.candles[Math.max(0, barAt(this.bars, minute))];
  }

  paintMarks(context, width) {
    const high = this.story.side === "short";
    for (const mark of this.story.marks) {
      const candle = this.candle(mark.at);
      const x = this.x(mark.at);
      const edge = (this.series.priceToCoordinate(high ? candle.high : candle.low) ?? -1e4) + (high ? -7 : 7);
      context.fillStyle = this.colours.accent;
      context.beginPath();
      context.arc(x, edge, 3, 0, 7);
      context.fill();
      this.write(context, mark.name, x, edge + (high ? -8 : 16), this.colours.accent, high ? -1 : 1, width, true);
    }
  }

  paintFills(context, width) {
    const { fills, exits, side } = this.story;
    if (!fills.length) return;
    const [fill] = fills;
    const way = side === "short" ? -1 : 1;
    const [x, y] = [this.x(fill.at), this.y(fill.price)];
    for (const exit of exits) {
      const won = (exit.price - fill.price) * way >= 0;
      const tone = won ? this.colours.good : this.colours.bad;
      context.strokeStyle = tone;
      context.lineWidth = 1.5;
      context.setLineDash([3, 3]);
      line(context, x, y, this.x(exit.at), this.y(exit.price));
      context.setLineDash([]);
      context.fillStyle = tone;
      context.beginPath();
      context.arc(this.x(exit.at), this.y(exit.price), 4.5, 0, 7);
      context.fill();
      this.write(context, exit.reason, this.x(exit.at) + 8, this.y(exit.price) + 4, tone, won ? -1 : 1, width);
    }
    context.fillStyle = this.colours.ink;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x - 6, y + way * 10);
    context.lineTo(x + 6, y + way * 10);
    context.fill();
    this.write(context, `${way > 0 ? "buy" : "sell"} ${fill.contracts}`, x, y + way * 22 + 4, this.colours.ink, way, width, true);
  }

  /** The bar on which it was nearest to going on, and what it lacked there. */
  paintNear(context, width) {
    if (!this.near || this.near.at < this.story.from || this.near.at > this.story.to) return;
    const high = this.story.side === "short";
    const candle = this.candle(this.near.at);
    const x = this.x(this.near.at);
    const y = (this.series.priceToCoordinate(high ? candle.low : candle.high) ?? -1e4) + (high ? 5 : -5);
    context.strokeStyle = this.colours.warn;
    context.fillStyle = this.colours.warn;
    context.lineWidth = 2;
    const way = high ? 1 : -1;
    line(context, x, y + 4 * way, x, y + 22 * way);
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x - 4, y + 8 * way);
    context.lineTo(x + 4, y + 8 * way);
    context.fill();
    this.write(context, this.near.text, x, y + (high ? 34 : -26), this.colours.warn, way, width, true);
  }

  paintDeath(context, width) {
    const { death, side, reason } = this.story;
    if (!death) return;
    const high = side === "short";
    const candle = this.candle(death.at);
    const x = this.x(death.at);
    const y = (this.series.priceToCoordinate(high ? candle.low : candle.high) ?? -1e4) + (high ? 13 : -13);
    context.strokeStyle = this.colours.bad;
    context.lineWidth = 2.5;
    line(context, x - 5, y - 5, x + 5, y + 5);
    line(context, x - 5, y + 5, x + 5, y - 5);
    this.write(context, reason, x + 10, y + 4, this.colours.bad, high ? 1 : -1, width);
  }
}

function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}
