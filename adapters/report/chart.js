"use strict";

/* Bars and drawings of one piece, as `adapters/report/packing.py` packs them. */
async function unpack(text) {
  const { head, columns } = await unbundle(text);
  const [step, jump, above, below, body, volume] = columns;
  const made = (fill) => Float64Array.from({ length: head.n }, fill);
  const bars = { n: head.n, size: head.d.k, drawings: head.d.g, volume };
  let minute = head.b[0];
  bars.at = made((_, i) => (minute += step[i]));
  let last = head.b[1];
  bars.open = made((_, i) => {
    const open = last + jump[i];
    last = open + body[i];
    return open;
  });
  bars.close = made((_, i) => bars.open[i] + body[i]);
  bars.high = made((_, i) => Math.max(bars.open[i], bars.close[i]) + above[i]);
  bars.low = made((_, i) => Math.min(bars.open[i], bars.close[i]) - below[i]);
  return bars;
}

/* Wall minutes as a clock and a date show them. */
const wall = {
  date: (minute) => new Date(minute * 60000),
  two: (number) => String(number).padStart(2, "0"),
  clock: (minute) => `${wall.two(wall.date(minute).getUTCHours())}:${wall.two(wall.date(minute).getUTCMinutes())}`,
  day: (minute) => wall.date(minute).toISOString().slice(0, 10),
  weekday: (minute) => ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][wall.date(minute).getUTCDay()],
  month: (minute) => ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][wall.date(minute).getUTCMonth()],
};

/* Colours of the page, read anew when the scheme changes. */
function palette() {
  const style = getComputedStyle(document.documentElement);
  const named = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ["paper", "sheet", "ink", "muted", "faint", "line", "hair", "accent", "gain", "loss", "up", "down", "session", "level"];
  const found = Object.fromEntries(names.map((name) => [name, named(name)]));
  found.stages = [0, 1, 2, 3, 4, 5].map((number) => named(`stage-${number}`));
  found.sans = named("sans");
  found.wash = parseFloat(named("wash")) / 100;
  return found;
}

/* A canvas as sharp as the screen; `draw(context, width, height)` in CSS pixels. */
class Sheet {
  constructor(canvas, draw) {
    this.canvas = canvas;
    this.draw = draw;
    this.colours = palette();
    this.waiting = false;
    new ResizeObserver(() => this.later()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.colours = palette();
      this.later();
    });
  }

  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.now();
    });
  }

  now() {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!width) return;
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    const context = this.canvas.getContext("2d");
    context.scale(scale, scale);
    this.draw(context, width, height);
  }
}

function tint(colour, share) {
  return `color-mix(in srgb, ${colour} ${share * 100}%, transparent)`;
}

/* Round steps for an axis: 1, 2, 2.5 or 5 times a power of ten, at least `smallest`. */
function roundStep(range, count, smallest) {
  const rough = Math.max(range / count, smallest);
  const power = 10 ** Math.floor(Math.log10(rough));
  for (const times of [1, 2, 2.5, 5, 10]) {
    const step = times * power;
    if (step >= rough && Math.abs(step / smallest - Math.round(step / smallest)) < 1e-9) return step;
  }
  return Math.ceil(rough / smallest) * smallest;
}

const AXIS = 70;
const FOOT = 24;
const HEAD = 50;
const MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 2880, 10080, 43200];

class PriceChart {
  constructor(canvas, meta, prices, readout) {
    this.meta = meta;
    this.prices = prices;
    this.readout = readout;
    this.hover = null;
    this.sheet = new Sheet(canvas, (context, width, height) => this.paint(context, width, height));
    this.pointers = new Map();
    this.listen(canvas);
  }

  show(bars, drawing, item) {
    Object.assign(this, { bars, drawing, item, hover: null });
    this.fit();
  }

  fit() {
    const [first, last] = this.drawing.z;
    const room = Math.max(12, Math.round((last - first) * 0.12));
    this.look(first - room, last + room);
  }

  look(from, to) {
    const least = 10;
    const most = this.bars.n + 40;
    const span = Math.min(Math.max(to - from, least), most);
    const middle = (from + to) / 2;
    this.from = Math.max(-20, Math.min(middle - span / 2, this.bars.n + 20 - span));
    this.to = this.from + span;
    this.sheet.later();
  }

  zoom(times, at = (this.from + this.to) / 2) {
    this.look(at - (at - this.from) * times, at + (this.to - at) * times);
  }

  centre(row) {
    const half = (this.to - this.from) / 2;
    this.look(row - half, row + half);
    this.hover = { row, y: null };
  }

  /* --- hands ------------------------------------------------------------------------------ */

  listen(canvas) {
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.bars) return;
      const [x, y] = place(event);
      const before = this.pointers.get(event.pointerId);
      if (before && this.pointers.size === 1) {
        const moved = (x - before[0]) / this.step;
        this.look(this.from - moved, this.to - moved);
      } else if (before && this.pointers.size === 2) {
        const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
        const was = Math.abs(before[0] - other[0]) || 1;
        const is = Math.abs(x - other[0]) || 1;
        this.zoom(Math.min(2, Math.max(0.5, was / is)), this.from + (x + other[0]) / 2 / this.step);
      }
      if (before) this.pointers.set(event.pointerId, [x, y]);
      this.hover = { row: Math.round(this.from + x / this.step - 0.5), y };
      this.sheet.later();
    });
    for (const over of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(over, (event) => this.pointers.delete(event.pointerId));
    }
    canvas.addEventListener("pointerleave", () => {
      this.hover = null;
      this.sheet.later();
    });
    canvas.addEventListener("dblclick", () => this.bars && this.fit());
    canvas.addEventListener("wheel", (event) => {
      if (!this.bars) return;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        this.zoom(Math.exp(event.deltaY * 0.0025), this.from + place(event)[0] / this.step);
      } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        this.look(this.from + event.deltaX / this.step, this.to + event.deltaX / this.step);
      }
    }, { passive: false });
  }

  /* --- scales ----------------------------------------------------------------------------- */

  x(row) {
    return (row - this.from + 0.5) * this.step;
  }

  y(price) {
    return this.top + ((this.most - price) / (this.most - this.least)) * (this.bottom - this.top);
  }

  scale(width, height) {
    const { bars, drawing } = this;
    this.width = width - AXIS;
    this.step = this.width / (this.to - this.from);
    this.top = HEAD;
    this.bottom = height - FOOT - 12;
    this.first = Math.max(0, Math.floor(this.from));
    this.stop = Math.min(bars.n, Math.ceil(this.to) + 1);
    let most = -Infinity;
    let least = Infinity;
    const meet = (price) => {
      most = Math.max(most, price);
      least = Math.min(least, price);
    };
    for (let row = this.first; row < this.stop; row++) {
      meet(bars.high[row]);
      meet(bars.low[row]);
    }
    if (!Number.isFinite(most)) [most, least] = [1, 0];
    const reach = 0.9 * Math.max(most - least, 1);
    const [floor, ceiling] = [least - reach, most + reach];
    const bracket = drawing.b ? [drawing.b[1], drawing.b[2], ...drawing.b[3]] : [];
    for (const price of [...bracket, ...drawing.l.map((level) => level[1])]) {
      if (price >= floor && price <= ceiling) meet(price);
    }
    const margin = 0.05 * Math.max(most - least, 4);
    this.most = most + margin;
    this.least = least - margin;
  }

  /* --- painting --------------------------------------------------------------------------- */

  paint(context, width, height) {
    if (!this.bars) return;
    this.scale(width, height);
    const colours = this.sheet.colours;
    context.font = `11.5px ${colours.sans}`;
    context.textBaseline = "middle";
    context.fillStyle = colours.sheet;
    context.fillRect(0, 0, width, height);
    this.tags = [];
    this.labels = [];
    this.paintTimes(context, height, colours);
    this.paintPrices(context, colours);
    context.save();
    context.beginPath();
    context.rect(0, 0, this.width, height - FOOT);
    context.clip();
    this.paintStages(context, height, colours);
    this.paintBracket(context, colours);
    this.paintVolume(context, height, colours);
    this.paintLevels(context, colours);
    this.paintBars(context, colours);
    this.named.forEach((args) => this.label(context, ...args));
    this.paintMarks(context, colours);
    this.paintFills(context, colours);
    context.restore();
    this.paintTags(context, colours);
    this.paintCross(context, height, colours);
    this.tell();
  }

  paintTimes(context, height, colours) {
    const { at } = this.bars;
    const apart = (this.bars.n > 1 ? (at[this.bars.n - 1] - at[0]) / (this.bars.n - 1) : 1) / this.step;
    const every = MINUTES.find((minutes) => minutes / apart >= 74) || MINUTES[MINUTES.length - 1];
    context.textAlign = "center";
    let used = -100;
    for (let row = this.first; row < this.stop; row++) {
      const fresh = row > 0 && Math.floor(at[row] / 1440) !== Math.floor(at[row - 1] / 1440);
      const due = fresh || Math.floor(at[row] / every) !== Math.floor((at[row - 1] ?? at[row] - 1) / every);
      const x = this.x(row);
      if (!due || x - used < 54 || x > this.width - 16) continue;
      used = x;
      context.fillStyle = fresh ? colours.line : colours.hair;
      context.fillRect(Math.round(x), 0, 1, height - FOOT);
      context.fillStyle = fresh || every >= 1440 ? colours.ink : colours.muted;
      const text = fresh || every >= 1440 ? `${wall.date(at[row]).getUTCDate()} ${wall.month(at[row])}` : wall.clock(at[row]);
      context.fillText(text, x, height - FOOT / 2);
    }
    context.fillStyle = colours.line;
    context.fillRect(0, height - FOOT, this.width, 1);
  }

  paintPrices(context, colours) {
    const tick = this.meta.tick[0] / this.meta.tick[1];
    const step = Math.max(1, Math.round(roundStep((this.most - this.least) * tick, 8, tick) / tick));
    context.textAlign = "left";
    for (let price = Math.ceil(this.least / step) * step; price < this.most; price += step) {
      const y = Math.round(this.y(price));
      if (y < this.top - 20) continue;
      context.fillStyle = colours.hair;
      context.fillRect(0, y, this.width, 1);
      context.fillStyle = colours.muted;
      context.fillText(this.prices.text(price), this.width + 8, y);
    }
  }

  /* Stages as tinted spans, their names above in as many lanes as they need. */
  paintStages(context, height, colours) {
    const spans = [];
    for (const [row, kind, before, cause] of this.drawing.s) {
      if (spans.length) spans[spans.length - 1].to = kind > 1 ? row + 1 : row;
      if (kind === 0) spans.push({ stage: 0, from: row, to: this.drawing.z[1] });
      if (kind === 1) spans.push({ stage: cause, from: row, to: this.drawing.z[1] });
    }
    const lanes = [];
    for (const span of this.meta.stages.length ? spans : []) {
      const colour = colours.stages[span.stage % colours.stages.length];
      const left = this.x(span.from) - this.step / 2;
      const right = this.x(span.to) - this.step / 2;
      context.fillStyle = tint(colour, colours.wash);
      context.fillRect(left, 0, right - left, height - FOOT);
      context.fillStyle = colour;
      context.fillRect(left, 0, right - left, 3);
      const name = this.meta.stages[span.stage];
      const width = context.measureText(name).width;
      const start = Math.max(left + 5, 6);
      let lane = lanes.findIndex((end) => end + 10 < start);
      if (lane < 0) lane = lanes.push(0) - 1;
      if (right < 0 || left > this.width || lane > 2) continue;
      lanes[lane] = start + width;
      context.textAlign = "left";
      context.fillText(name, start, 13 + 14 * lane);
    }
  }

  paintVolume(context, height, colours) {
    const { volume, open, close } = this.bars;
    let most = 1;
    for (let row = this.first; row < this.stop; row++) most = Math.max(most, volume[row]);
    const body = Math.max(1, Math.floor(this.step * 0.7));
    for (let row = this.first; row < this.stop; row++) {
      const tall = (volume[row] / most) * 0.13 * (this.bottom - this.top);
      context.fillStyle = tint(close[row] >= open[row] ? colours.up : colours.down, 0.22);
      context.fillRect(Math.round(this.x(row) - body / 2), height - FOOT - tall, body, tall);
    }
  }

  paintBars(context, colours) {
    const { open, high, low, close } = this.bars;
    const body = Math.max(1, Math.floor(this.step * 0.7));
    for (let row = this.first; row < this.stop; row++) {
      const rises = close[row] >= open[row];
      const x = Math.round(this.x(row));
      const [top, bottom] = [this.y(Math.max(open[row], close[row])), this.y(Math.min(open[row], close[row]))];
      context.fillStyle = rises ? colours.up : colours.down;
      context.fillRect(x, this.y(high[row]), 1, Math.max(1, this.y(low[row]) - this.y(high[row])));
      if (body < 2) continue;
      const left = x - Math.floor(body / 2);
      const tall = Math.max(1, bottom - top);
      context.fillRect(left, top, body, tall);
      if (rises && body > 3 && tall > 3) {
        context.fillStyle = colours.sheet;
        context.fillRect(left + 1, top + 1, body - 2, tall - 2);
      }
    }
  }

  /* Text that keeps clear of text painted before; `up` says which way it gives. */
  label(context, text, x, y, colour, up, align = "left") {
    const width = context.measureText(text).width;
    const left = align === "right" ? x - width : align === "center" ? x - width / 2 : x;
    const place = Math.max(3, Math.min(left, this.width - width - 4));
    let at = y;
    const clash = () => this.labels.find((box) => place < box.right + 4 && place + width > box.left - 4 && Math.abs(at - box.y) < 13);
    for (let tries = 0; tries < 6 && clash(); tries++) at = clash().y + (up ? -13 : 13);
    this.labels.push({ left: place, right: place + width, y: at });
    const colours = this.sheet.colours;
    context.textAlign = "left";
    context.strokeStyle = colours.sheet;
    context.lineWidth = 3;
    context.lineJoin = "round";
    context.strokeText(text, place, at);
    context.fillStyle = colour;
    context.fillText(text, place, at);
  }

  line(context, from, to, price, colour, dash, width = 1) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(dash);
    context.beginPath();
    const y = Math.round(this.y(price)) + 0.5;
    context.moveTo(from, y);
    context.lineTo(to, y);
    context.stroke();
    context.setLineDash([]);
  }

  /* Lines now, behind the bars; their names are kept for later, in front of them. */
  paintLevels(context, colours) {
    this.named = [];
    for (const [name, price, first, last, session] of this.drawing.l) {
      const colour = session ? colours.session : colours.level;
      const text = this.width < 560 ? name : `${name} ${this.prices.text(price)}`;
      const [left, right] = [Math.max(0, this.x(first)), Math.min(this.width, this.x(last) + this.step / 2)];
      if (right < 0 || left > this.width) continue;
      if (price > this.most || price < this.least) {
        if (!session) continue;
        const above = price > this.most;
        this.named.push([`${above ? "\u25B4" : "\u25BE"} ${text}`, 8, above ? this.top + 2 : this.bottom - 4, colour, !above]);
        continue;
      }
      this.line(context, left, right, price, colour, session ? [6, 4] : [2, 3], session ? 1 : 1.25);
      const up = this.y(price) < (this.top + this.bottom) / 2;
      this.named.push([text, left + 4, this.y(price) + (up ? -8 : 9), colour, up]);
    }
  }

  /* Risk and reward as boxes from the entry to the last exit, or lines where nothing was filled. */
  paintBracket(context, colours) {
    const { b: bracket, f: fills, v: moves, z } = this.drawing;
    if (!bracket) return;
    const [, entry, stop, targets] = bracket;
    const decided = this.drawing.s[this.drawing.s.length - 1][0];
    const fill = fills[0];
    const price = fill ? fill[1] : entry;
    const from = this.x(fill ? fill[0] : decided) - this.step / 2;
    const to = this.x(fill ? z[1] : decided + 12) + this.step / 2;
    const box = (edge, colour) => {
      const [upper, lower] = [this.y(Math.max(price, edge)), this.y(Math.min(price, edge))];
      context.fillStyle = tint(colour, fill ? 0.13 : 0.07);
      context.fillRect(from, upper, to - from, lower - upper);
    };
    box(stop, colours.loss);
    for (const target of targets) box(target, colours.gain);
    let [row, level] = [from, stop];
    for (const [at, moved] of [...moves, [null, null]]) {
      const next = at === null ? to : this.x(at) + this.step / 2;
      this.line(context, row, next, level, colours.loss, [], 1.5);
      [row, level] = [next, moved];
    }
    for (const target of targets) this.line(context, from, to, target, colours.gain, [], 1.5);
    this.line(context, from, to, price, colours.ink, [4, 3]);
    const end = moves.length ? moves[moves.length - 1][1] : stop;
    this.tags.push([end, "stop", colours.loss], [price, "entry", colours.ink]);
    targets.forEach((target, i) => this.tags.push([target, this.meta.targets[i], colours.gain]));
  }

  /* Bars with a name: what was captured, and where it ended. */
  paintMarks(context, colours) {
    const short = this.item.side === 0;
    const { high, low } = this.bars;
    const at = (row) => Math.max(0, Math.min(this.bars.n - 1, row));
    for (const [row, name] of this.drawing.m) {
      const edge = short ? this.y(high[at(row)]) - 7 : this.y(low[at(row)]) + 7;
      context.fillStyle = colours.accent;
      context.beginPath();
      context.arc(this.x(row) + 0.5, edge, 3, 0, 7);
      context.fill();
      this.label(context, name, this.x(row), edge + (short ? -11 : 11), colours.accent, short, "center");
    }
    const [row, kind, , cause] = this.drawing.s[this.drawing.s.length - 1];
    if (kind !== 2) return;
    context.strokeStyle = colours.loss;
    context.lineWidth = 2;
    const [x, y] = [this.x(row), short ? this.y(low[at(row)]) + 12 : this.y(high[at(row)]) - 12];
    context.beginPath();
    for (const [from, to] of [[-4, 4], [4, -4]]) {
      context.moveTo(x - 4, y + from);
      context.lineTo(x + 4, y + to);
    }
    context.stroke();
    this.label(context, this.meta.reasons[cause], x + 9, y, colours.loss, !short);
  }

  paintFills(context, colours) {
    const { f: fills, x: exits } = this.drawing;
    if (!fills.length) return;
    const [row, price, contracts] = fills[0];
    const long = this.item.side === 1;
    const tone = this.item.net === undefined ? colours.ink : this.item.net >= 0 ? colours.gain : colours.loss;
    context.strokeStyle = tone;
    context.lineWidth = 1.5;
    context.setLineDash([3, 3]);
    for (const [left, paid] of exits) {
      context.beginPath();
      context.moveTo(this.x(row), this.y(price));
      context.lineTo(this.x(left), this.y(paid));
      context.stroke();
    }
    context.setLineDash([]);
    const [x, y, way] = [this.x(row), this.y(price), long ? 1 : -1];
    context.fillStyle = colours.ink;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x - 6, y + way * 10);
    context.lineTo(x + 6, y + way * 10);
    context.fill();
    this.label(context, `${long ? "buy" : "sell"} ${contracts}`, x, y + way * 20, colours.ink, !long, "center");
    for (const [left, paid, out, reason] of exits) {
      context.fillStyle = tone;
      context.strokeStyle = colours.sheet;
      context.lineWidth = 1.5;
      context.beginPath();
      context.arc(this.x(left), this.y(paid), 4.5, 0, 7);
      context.fill();
      context.stroke();
      const part = exits.length > 1 ? ` ${out}` : "";
      this.label(context, `${reason}${part}`, this.x(left) + 9, this.y(paid), tone, paid > price);
    }
  }

  /* Entry, stop and targets on the price axis, pushed apart. */
  paintTags(context, colours) {
    const edge = (y) => Math.max(this.top - 16, Math.min(this.bottom + 4, y));
    const tags = this.tags.map(([price, name, colour]) => ({ y: edge(this.y(price)), price, name, colour }));
    tags.sort((one, other) => one.y - other.y);
    for (let i = 1; i < tags.length; i++) tags[i].y = Math.max(tags[i].y, tags[i - 1].y + 17);
    context.textAlign = "left";
    for (const tag of tags) {
      context.fillStyle = colours.sheet;
      context.fillRect(this.width + 1, tag.y - 14, AXIS, 28);
    }
    for (const tag of tags) {
      context.fillStyle = tag.colour;
      context.beginPath();
      context.roundRect(this.width + 1, tag.y - 8, AXIS - 2, 16, 3);
      context.fill();
      context.fillStyle = colours.sheet;
      context.fillText(this.prices.text(tag.price), this.width + 8, tag.y + 0.5);
      const width = context.measureText(tag.name).width;
      context.fillStyle = tint(colours.sheet, 0.85);
      context.fillRect(this.width - width - 8, tag.y - 7, width + 8, 14);
      context.fillStyle = tag.colour;
      context.fillText(tag.name, this.width - width - 4, tag.y + 0.5);
    }
  }

  paintCross(context, height, colours) {
    if (!this.hover || this.hover.row < 0 || this.hover.row >= this.bars.n) return;
    const x = Math.round(this.x(this.hover.row)) + 0.5;
    context.strokeStyle = colours.faint;
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height - FOOT);
    if (this.hover.y !== null && this.hover.y < height - FOOT) {
      context.moveTo(0, Math.round(this.hover.y) + 0.5);
      context.lineTo(this.width, Math.round(this.hover.y) + 0.5);
    }
    context.stroke();
    context.setLineDash([]);
    if (this.hover.y === null || this.hover.y > this.bottom + 10) return;
    const price = this.most - ((this.hover.y - this.top) / (this.bottom - this.top)) * (this.most - this.least);
    context.fillStyle = colours.muted;
    context.fillRect(this.width + 1, this.hover.y - 8, AXIS - 2, 16);
    context.fillStyle = colours.sheet;
    context.textAlign = "left";
    context.fillText(this.prices.text(Math.round(price)), this.width + 8, this.hover.y);
  }

  tell() {
    const row = this.hover ? this.hover.row : -1;
    if (row < 0 || row >= this.bars.n) {
      this.readout.textContent = this.bars.size > 1 ? `${this.bars.size} bars of the data drawn as one` : "";
      return;
    }
    const { at, open, high, low, close, volume } = this.bars;
    const [o, h, l, c] = [open, high, low, close].map((column) => this.prices.text(column[row]));
    this.readout.textContent = `${wall.day(at[row])} ${wall.clock(at[row])}  O ${o}  H ${h}  L ${l}  C ${c}  V ${volume[row].toLocaleString("en-US")}`;
  }
}
