"use strict";

/* The sets as `adapters/sweep/page/data.py` packs them: levels by axis, figures by measure. */
async function unpackSets(text, axes) {
  const { head, columns } = await unbundle(text);
  const figures = head.p.map((power, number) =>
    Float64Array.from(columns[axes + number], (value) => (value === head.e[number] ? NaN : value / 10 ** power)),
  );
  return { count: head.n, levels: columns.slice(0, axes), figures };
}

/* One writer for each number of digits: making one takes longer than a thousand uses. */
const writers = [];
function writer(places) {
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
  return (writers[places] ??= new Intl.NumberFormat("en-US", digits));
}

/* A figure as people read it; the same as `Measure.text`. */
function written(measure, value, withUnit = true) {
  if (!Number.isFinite(value)) return "na";
  const text = writer(measure.places).format(Number(value.toFixed(measure.places)) + 0);
  return withUnit && measure.unit ? `${text} ${measure.unit}` : text;
}

const counted = (count, name) => `${count.toLocaleString("en-US")} ${name}${count === 1 ? "" : "s"}`;

/* The value below which a share of sorted values lies, between neighbours in proportion. */
function quantile(sorted, share) {
  if (!sorted.length) return NaN;
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}

/* Steps of 1, 2 or 5 times a power of ten, about so many of them in a span. */
function ticks(low, high, about) {
  const raw = (high - low || 1) / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw);
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step) found.push(value);
  return found;
}

/* --- colours ---------------------------------------------------------------------------------- */

/* Brown to teal (after ColorBrewer's BrBG) and pale to dark blue: both survive colour blindness. */
const RAMPS = {
  light: {
    loss: ["#f4f2ec", "#f1dfb6", "#dfc07a", "#bf812d", "#8c510a"],
    gain: ["#f4f2ec", "#c3e7e1", "#7fccc0", "#35978f", "#01665e"],
    plain: ["#eef2f5", "#c9dcec", "#8dbbdc", "#4590c4", "#1d5fa3", "#0b2f66"],
  },
  dark: {
    loss: ["#23272e", "#4a3a24", "#85591f", "#c98a33", "#f6c777"],
    gain: ["#23272e", "#1f4a49", "#1f7f76", "#3db4a5", "#9aeedf"],
    plain: ["#20262f", "#20405f", "#2a66a5", "#569bdd", "#a9d4ff", "#e6f2ff"],
  },
};
for (const ramps of Object.values(RAMPS)) {
  const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  for (const name of Object.keys(ramps)) ramps[name] = ramps[name].map(channels);
}

function along(ramp, share) {
  const at = Math.max(0, Math.min(1, share)) * (ramp.length - 1);
  const low = Math.min(ramp.length - 2, Math.floor(at));
  const [from, to] = [ramp[low], ramp[low + 1]];
  return from.map((value, i) => Math.round(value + (at - low) * (to[i] - value)));
}

/* How values become colours: around the centre of a figure that has one, from end to end of others. */
class Scale {
  constructor(measure, values) {
    const known = values.filter(Number.isFinite);
    this.measure = measure;
    this.ramps = RAMPS[matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"];
    this.low = known.reduce((one, other) => Math.min(one, other), Infinity);
    this.high = known.reduce((one, other) => Math.max(one, other), -Infinity);
    this.centre = measure.centre;
    this.astride = this.centre !== null && this.low < this.centre && this.high > this.centre;
    if (this.astride) {
      const reach = Math.max(this.high - this.centre, this.centre - this.low);
      [this.low, this.high] = [this.centre - reach, this.centre + reach];
    }
  }

  /* [red, green, blue] of a value */
  channels(value) {
    const { ramps, measure, centre, low, high } = this;
    if (centre === null) {
      const share = high > low ? (value - low) / (high - low) : 0.5;
      return along(ramps.plain, measure.more ? share : 1 - share);
    }
    const ramp = value === centre || value > centre === measure.more ? ramps.gain : ramps.loss;
    const from = this.astride ? centre : Math.abs(low - centre) < Math.abs(high - centre) ? low : high;
    const share = Math.abs(value - from) / Math.max(high - from, from - low, 1e-12);
    return along(ramp, this.astride || from === centre ? share : 0.14 + 0.86 * share);
  }

  colour(value) {
    return `rgb(${this.channels(value)})`;
  }

  /* the colour of text that can be read on it */
  ink(value) {
    const [red, green, blue] = this.channels(value).map((one) => (one / 255) ** 2.2);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.3 ? "#14171c" : "#ffffff";
  }
}

/* --- elements --------------------------------------------------------------------------------- */

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function drawn(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key of Object.keys(attributes)) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  return made;
}
