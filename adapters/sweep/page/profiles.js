"use strict";

/* The median of a figure along one axis, with the band of its middle half. */
class Profile {
  constructor(host, axis, bestLevel) {
    Object.assign(this, { axis, bestLevel, at: null, steps: [] });
    const figure = element("figure");
    const caption = element("figcaption");
    caption.append(element("strong", axis.name));
    this.readout = element("span", "", "readout");
    this.readout.setAttribute("aria-live", "polite");
    caption.append(this.readout);
    this.svg = drawn("svg", { role: "img", tabindex: 0 });
    figure.append(caption, this.svg);
    host.append(figure);
    new ResizeObserver(() => this.measure && this.svg.clientWidth !== this.drawnFor && this.paint()).observe(this.svg);
    this.svg.addEventListener("pointermove", (event) => this.point(this.nearest(event.clientX - this.svg.getBoundingClientRect().left)));
    this.svg.addEventListener("pointerleave", () => this.point(null));
    this.svg.addEventListener("blur", () => this.point(null));
    this.svg.addEventListener("keydown", (event) => {
      const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!way) return;
      event.preventDefault();
      const from = this.at === null ? this.bestLevel - way : this.at;
      this.point(Math.max(0, Math.min(this.steps.length - 1, from + way)));
    });
  }

  show(steps, measure) {
    Object.assign(this, { steps, measure });
    const known = steps.filter((step) => step.count);
    const ends = known.flatMap((step) => [step.low, step.high]);
    this.least = Math.min(...ends, measure.centre ?? Infinity);
    this.most = Math.max(...ends, measure.centre ?? -Infinity);
    /* a centre far away would press the curve flat */
    if (measure.centre !== null && ends.length) {
      const [low, high] = [Math.min(...ends), Math.max(...ends)];
      if (low > measure.centre && low - measure.centre > 3 * (high - low)) this.least = low;
      if (high < measure.centre && measure.centre - high > 3 * (high - low)) this.most = high;
    }
    const room = (this.most - this.least || 1) * 0.06;
    this.least -= room;
    this.most += room;
    const of = (step) => `${this.axis.levels[steps.indexOf(step)]}: ${written(measure, step.middle)}`;
    this.svg.setAttribute("aria-label", `Median of ${measure.label} along ${this.axis.name}. ${known.slice(0, 60).map(of).join("; ")}`);
    this.paint();
  }

  x(level) {
    const room = this.axis.ordered && this.steps.length > 1 ? 8 : (this.right - this.left) / this.steps.length / 2;
    return this.left + room + (level / Math.max(1, this.steps.length - 1)) * (this.right - this.left - 2 * room);
  }

  y(value) {
    return 8 + ((this.most - value) / (this.most - this.least)) * (this.foot - 8);
  }

  nearest(x) {
    const room = this.x(0);
    const share = (x - room) / (this.x(this.steps.length - 1) - room || 1);
    return Math.max(0, Math.min(this.steps.length - 1, Math.round(share * (this.steps.length - 1))));
  }

  paint() {
    const whole = (this.drawnFor = this.svg.clientWidth);
    if (!whole || !this.steps.some((step) => step.count)) return this.svg.replaceChildren();
    Object.assign(this, { left: 46, right: whole, foot: 146 });
    const { measure, steps, axis } = this;
    const part = document.createDocumentFragment();
    for (const value of ticks(this.least, this.most, 4)) {
      const y = Math.round(this.y(value)) + 0.5;
      const name = Math.abs(value - (measure.centre ?? NaN)) < 1e-9 ? "centre" : "grid";
      part.append(drawn("line", { class: name, x1: this.left, x2: this.right, y1: y, y2: y }));
      part.append(drawn("text", { x: this.left - 7, y: y + 4, "text-anchor": "end" }, this.short(value)));
    }
    const best = this.x(this.bestLevel);
    part.append(drawn("line", { class: "bestline", x1: best, x2: best, y1: 2, y2: this.foot }));
    const known = steps.map((step, level) => [level, step]).filter(([, step]) => step.count);
    const path = (pick) => known.map(([level, step]) => `${this.x(level)} ${this.y(step[pick])}`);
    if (axis.ordered && known.length > 1) {
      part.append(drawn("path", { class: "band", d: `M${path("high").join("L")}L${path("low").reverse().join("L")}Z` }));
      part.append(drawn("path", { class: "middle", d: `M${path("middle").join("L")}` }));
    } else {
      for (const [level, step] of known) part.append(drawn("line", { class: "whisker", x1: this.x(level), x2: this.x(level), y1: this.y(step.high), y2: this.y(step.low) }));
    }
    if (known.length <= 40) for (const [level, step] of known) part.append(drawn("circle", { class: "point", cx: this.x(level), cy: this.y(step.middle), r: 3.5 }));
    part.append(...this.names());
    this.cursor = drawn("circle", { class: "cursor", r: 6, visibility: "hidden" });
    part.append(this.cursor);
    this.svg.replaceChildren(part);
  }

  /* values of the scale as short as they can be */
  short(value) {
    const size = Math.max(Math.abs(this.least), Math.abs(this.most));
    if (size >= 10000) return `${(value / 1000).toLocaleString("en-US", { maximumFractionDigits: 1 })}k`;
    return (Math.round(value * 1e6) / 1e6 + 0).toLocaleString("en-US", { maximumFractionDigits: 3 });
  }

  names() {
    const made = [];
    const room = (this.right - this.left) / this.steps.length;
    const widest = this.axis.bare.reduce((most, name) => Math.max(most, name.length), 1) * 6.6 + 10;
    const each = Math.ceil(widest / room);
    this.axis.bare.forEach((name, level) => {
      if (level % each === 0) made.push(drawn("text", { x: this.x(level), y: this.foot + 18, "text-anchor": "middle" }, name));
    });
    return made;
  }

  point(level) {
    this.at = level;
    const step = level === null ? null : this.steps[level];
    this.cursor?.setAttribute("visibility", step && step.count ? "visible" : "hidden");
    if (!step) {
      this.readout.textContent = this.axis.unit;
      return;
    }
    if (step.count) {
      this.cursor.setAttribute("cx", this.x(level));
      this.cursor.setAttribute("cy", this.y(step.middle));
    }
    const band = `${written(this.measure, step.low, false)} to ${written(this.measure, step.high, false)}`;
    this.readout.textContent = step.count
      ? `${this.axis.levels[level]}: ${written(this.measure, step.middle)} (${band}), ${counted(step.count, "set")}`
      : `${this.axis.levels[level]}: no figure`;
  }
}
