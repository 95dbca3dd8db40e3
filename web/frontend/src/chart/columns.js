// Bars as the server sends them (adapters/workshop/charts.py): differences in ticks, minutes of UTC.

/** The bars of an answer as arrays. `stamp` is what the chart takes for a time, in seconds. */
export function unpack(told, about) {
  const n = told.at.length;
  const tick = about.tick[0] / about.tick[1];
  const bars = { n, size: told.size, before: told.before, after: told.after, setups: told.setups };
  bars.minute = new Float64Array(n);
  bars.row = new Float64Array(n);
  bars.stamp = new Float64Array(n);
  bars.candles = new Array(n);
  bars.volumes = new Array(n);
  let [minute, row, last, stamp, turn, ahead] = [0, 0, told.opens, -Infinity, 0, 0];
  for (let i = 0; i < n; i++) {
    minute += told.at[i];
    row += told.rows[i];
    while (turn < told.ahead.length && told.ahead[turn][0] <= i) ahead = told.ahead[turn++][1];
    // the chart knows UTC only, so it is told the exchange's clock; an hour that comes twice
    // is squeezed into seconds, as times must rise
    stamp = Math.max(stamp + 1, (minute + ahead) * 60);
    const open = last + told.jump[i];
    const close = (last = open + told.body[i]);
    const high = Math.max(open, close) + told.above[i];
    const low = Math.min(open, close) - told.below[i];
    bars.minute[i] = minute;
    bars.row[i] = row;
    bars.stamp[i] = stamp;
    bars.candles[i] = { time: stamp, open: open * tick, high: high * tick, low: low * tick, close: close * tick };
    bars.volumes[i] = { time: stamp, value: told.volume[i], rises: close >= open };
  }
  return bars;
}

/** The number of the last bar that opens at a minute or before it; -1 before the first. */
export function barAt(bars, minute) {
  let [low, high] = [0, bars.n];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bars.minute[middle] <= minute) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** A minute as a place on the scale of bars, beyond them by their size. */
export function placeOf(bars, minute) {
  const at = barAt(bars, minute);
  if (at < 0) return (minute - bars.minute[0]) / bars.size;
  if (at === bars.n - 1) return at + Math.max(0, (minute - bars.minute[at]) / bars.size);
  const step = bars.minute[at + 1] - bars.minute[at];
  return at + (minute - bars.minute[at]) / step;
}

/** The minute at a place on the scale of bars: the other way round. */
export function minuteAt(bars, place) {
  if (place <= 0) return bars.minute[0] + place * bars.size;
  if (place >= bars.n - 1) return bars.minute[bars.n - 1] + (place - bars.n + 1) * bars.size;
  const at = Math.floor(place);
  return bars.minute[at] + (place - at) * (bars.minute[at + 1] - bars.minute[at]);
}
