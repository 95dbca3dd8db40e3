"use strict";

/* No axis of the map has more cells than this: neighbouring values share one. */
const CELLS = 100;

/* The values of an axis in the order of the map, several to a place where there are too many. */
class Places {
  constructor(axis) {
    this.axis = axis;
    this.size = axis ? Math.ceil(axis.levels.length / CELLS) : 1;
    this.count = axis ? Math.ceil(axis.levels.length / this.size) : 1;
  }

  of(level) {
    return this.size === 1 ? level : Math.floor(level / this.size);
  }

  text(place, names = this.axis.levels) {
    const first = place * this.size;
    const last = Math.min(first + this.size, names.length) - 1;
    return first === last ? names[first] : `${names[first]} to ${names[last]}`;
  }
}

/* One number for each pair of places: `at` the best set's other values, their `best`, or `median`. */
class Cells {
  constructor(data, sets, { x, y, measure, how }) {
    const { axes, measures, best } = data;
    this.across = new Places(axes[x]);
    this.up = new Places(y === null ? null : axes[y]);
    this.measure = measures[measure];
    const figure = sets.figures[measure];
    const others = axes.map((_, axis) => axis).filter((axis) => axis !== x && axis !== y);
    const here = (row) => others.every((axis) => sets.levels[axis][row] === sets.levels[axis][best]);
    this.rows = Array.from({ length: this.across.count * this.up.count }, () => []);
    for (let row = 0; row < sets.count; row++) {
      if (how === "at" && !here(row)) continue;
      this.rows[this.index(this.across.of(sets.levels[x][row]), y === null ? 0 : this.up.of(sets.levels[y][row]))].push(row);
    }
    const way = this.measure.more ? 1 : -1;
    const better = (one, other) => (!Number.isFinite(figure[other]) || way * (figure[one] - figure[other]) > 0 ? one : other);
    /* the set that stands for a cell: its best */
    this.set = this.rows.map((rows) => (rows.length ? rows.reduce((one, other) => better(other, one)) : null));
    this.value = this.rows.map((rows, cell) => {
      if (!rows.length) return NaN;
      if (how !== "median") return figure[this.set[cell]];
      return quantile(rows.map((row) => figure[row]).filter(Number.isFinite).sort((one, other) => one - other), 0.5);
    });
    this.best = this.rows.findIndex((rows) => rows.includes(best));
    const members = new Set(data.plateau);
    this.member = this.rows.map((rows) => rows.some((row) => members.has(row)));
  }

  index(column, row) {
    return row * this.across.count + column;
  }

  /* the best on the whole, if it is here: a cell then stands for that set and no other */
  standing(cell, best) {
    return cell === this.best ? best : this.set[cell];
  }
}

/* Quartiles of a figure over all sets with each value of an axis. */
function profile(sets, axis, count, figure) {
  const held = Array.from({ length: count }, () => []);
  for (let row = 0; row < sets.count; row++) {
    if (Number.isFinite(figure[row])) held[sets.levels[axis][row]].push(figure[row]);
  }
  return held.map((values) => {
    values.sort((one, other) => one - other);
    return { count: values.length, low: quantile(values, 0.25), middle: quantile(values, 0.5), high: quantile(values, 0.75) };
  });
}
