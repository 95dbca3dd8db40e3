"use strict";

const FONT = 12;

/* Cells as a grid that is read with the eyes, the pointer, the keyboard or a screen reader. */
class HeatMap {
  constructor(svg, data, tell) {
    Object.assign(this, { svg, data, tell, cells: null, focus: null, kept: null });
    this.areas = [];
    this.measure = document.createElement("canvas").getContext("2d");
    this.measure.font = `${FONT}px ${getComputedStyle(document.documentElement).getPropertyValue("--sans")}`;
    new ResizeObserver(() => this.cells && this.svg.clientWidth !== this.drawnFor && this.paint()).observe(svg);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.cells && this.paint());
    svg.addEventListener("pointerover", (event) => this.hover(event.target.dataset.cell));
    svg.addEventListener("pointerleave", () => this.hover(undefined));
    svg.addEventListener("click", (event) => {
      if (event.target.dataset.cell !== undefined) this.keep(Number(event.target.dataset.cell));
    });
    svg.addEventListener("keydown", (event) => this.press(event));
    /* not on the drawing itself: Chromium lets Tab stop at a drawing that listens for the focus */
    const field = svg.parentElement;
    field.addEventListener("focusin", (event) => {
      if (event.target.dataset.cell !== undefined) this.reach(Number(event.target.dataset.cell));
    });
    field.addEventListener("focusout", () => this.marker && this.marker.setAttribute("visibility", "hidden"));
  }

  show(cells) {
    this.areas[this.focus]?.setAttribute("tabindex", "-1");
    this.cells = cells;
    this.focus = this.kept = cells.best >= 0 ? cells.best : 0;
    this.paint();
    this.tell(this.kept, false);
  }

  width(text) {
    return this.measure.measureText(text).width;
  }

  /* --- pointing -------------------------------------------------------------------------------- */

  hover(cell) {
    this.tell(cell === undefined ? this.kept : Number(cell), cell !== undefined && Number(cell) !== this.kept);
  }

  keep(cell) {
    this.kept = cell;
    this.reach(cell);
    this.tell(cell, false);
  }

  /* make a cell the one that Tab comes to */
  reach(cell) {
    if (this.areas[this.focus]) this.areas[this.focus].setAttribute("tabindex", "-1");
    this.focus = cell;
    const area = this.areas[cell];
    area.setAttribute("tabindex", "0");
    for (const name of ["x", "y", "width", "height"]) this.marker.setAttribute(name, area.getAttribute(name));
    this.marker.setAttribute("visibility", area.matches(":focus-visible") ? "visible" : "hidden");
    this.tell(cell, cell !== this.kept);
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { across, up, best } = this.cells;
    const [column, row] = [this.focus % across.count, Math.floor(this.focus / across.count)];
    const to = (x, y) => this.cells.index(Math.max(0, Math.min(across.count - 1, x)), Math.max(0, Math.min(up.count - 1, y)));
    const MOVES = {
      ArrowRight: () => to(column + 1, row), ArrowLeft: () => to(column - 1, row),
      ArrowUp: () => to(column, row + 1), ArrowDown: () => to(column, row - 1),
      Home: () => to(0, row), End: () => to(across.count, row),
      PageUp: () => to(column, up.count), PageDown: () => to(column, 0),
      b: () => best,
    };
    if (event.key === "Enter" || event.key === " ") this.keep(this.focus);
    else if (MOVES[event.key]) this.areas[MOVES[event.key]()].focus();
    else return;
    event.preventDefault();
  }

  /* --- drawing --------------------------------------------------------------------------------- */

  paint() {
    const { svg, cells } = this;
    const { across, up, measure } = cells;
    const whole = (this.drawnFor = svg.clientWidth);
    if (!whole) return;
    const hadFocus = svg.contains(document.activeElement);
    const rowNames = up.axis ? Array.from({ length: up.count }, (_, row) => up.text(row, up.axis.bare)) : [];
    const left = up.axis ? Math.min(whole * 0.3, rowNames.reduce((most, name) => Math.max(most, this.width(name)), 0) + 12) : 0;
    const top = up.axis ? 24 : 4;
    const wide = Math.min((whole - left) / across.count, 150);
    const high = up.axis ? Math.max(Math.min(wide * 0.66, 46, 560 / up.count), Math.min(wide, 3)) : 54;
    const foot = top + high * up.count;
    Object.assign(this, { left, top, wide, high, foot });
    this.scale = new Scale(measure, cells.value);
    const part = document.createDocumentFragment();
    const shape = [whole, across.axis.name, across.count, up.axis?.name, up.count].join();
    if (this.shape !== shape) {
      this.shape = shape;
      this.grid = drawn("g", { role: "presentation" });
      this.areas = [];
      for (let row = up.count - 1; row >= 0; row--) this.grid.append(this.row(row));
      svg.setAttribute("height", foot + 44);
      svg.setAttribute("aria-rowcount", up.count);
      svg.setAttribute("aria-colcount", across.count);
    }
    this.fill();
    part.append(this.voids(), this.grid, this.values(), ...this.outline(), ...this.ring(), ...this.axes(rowNames));
    this.marker = drawn("rect", { class: "focus", rx: 3, visibility: "hidden" });
    part.append(this.marker);
    svg.replaceChildren(part);
    this.areas[this.focus].setAttribute("tabindex", "0");
    if (hadFocus) this.areas[this.focus].focus();
  }

  x(column) {
    return this.left + column * this.wide;
  }

  y(row) {
    return this.foot - (row + 1) * this.high;
  }

  /* the hatching of cells without a figure */
  voids() {
    const definitions = drawn("defs", {});
    const pattern = drawn("pattern", { id: "void", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    const line = drawn("rect", { width: 2.4, height: 6 });
    line.style.fill = "var(--void)";
    pattern.append(line);
    definitions.append(pattern);
    return definitions;
  }

  /* one row of areas, each a copy of the same: ten thousand of them are made in one go */
  row(row) {
    const group = drawn("g", { role: "row" });
    const tight = this.wide < 12 || this.high < 9;
    const model = drawn("rect", {
      class: tight ? "area tight" : "area", role: "gridcell", tabindex: -1,
      y: this.y(row), width: this.wide, height: this.high, rx: tight ? 0 : 4,
    });
    for (let column = 0; column < this.cells.across.count; column++) {
      const cell = this.cells.index(column, row);
      const area = model.cloneNode(false);
      area.setAttribute("x", this.x(column));
      area.setAttribute("data-cell", cell);
      area.setAttribute("aria-colindex", column + 1);
      this.areas[cell] = area;
      group.append(area);
    }
    return group;
  }

  /* the colour and the words of every area: all that another figure changes */
  fill() {
    this.areas.forEach((area, cell) => {
      const value = this.cells.value[cell];
      area.setAttribute("aria-label", this.said(cell));
      area.style.fill = Number.isFinite(value) ? this.scale.colour(value) : "url(#void)";
    });
  }

  /* what a screen reader says */
  said(cell) {
    const { across, up, measure, rows, member } = this.cells;
    const [column, row] = [cell % across.count, Math.floor(cell / across.count)];
    const parts = [`${across.axis.name} ${across.text(column)}`];
    if (up.axis) parts.push(`${up.axis.name} ${up.text(row)}`);
    parts.push(rows[cell].length ? `${measure.label} ${written(measure, this.cells.value[cell])}` : "no set was tried here");
    if (rows[cell].length > 1) parts.push(counted(rows[cell].length, "set"));
    if (cell === this.cells.best) parts.push(this.data.lone ? "the best set, a lone peak" : "the best set");
    else if (member[cell]) parts.push("on the plateau");
    return parts.join(", ");
  }

  /* numbers in the cells, where there is room for all of them */
  values() {
    const group = drawn("g", { class: "within", "aria-hidden": "true", "text-anchor": "middle" });
    const { across, value, measure } = this.cells;
    if (this.wide < 22 || this.high < 17) return group;
    const texts = value.map((one) => (Number.isFinite(one) ? written(measure, one, false) : ""));
    const widest = texts.reduce((most, text) => Math.max(most, this.width(text)), 0);
    if (widest + 8 > this.wide) return group;
    texts.forEach((text, cell) => {
      if (!text) return;
      const [column, row] = [cell % across.count, Math.floor(cell / across.count)];
      const label = drawn("text", { x: this.x(column) + this.wide / 2, y: this.y(row) + this.high / 2 + 4 }, text);
      label.style.fill = this.scale.ink(value[cell]);
      group.append(label);
    });
    return group;
  }

  /* a line along every side at which the plateau ends */
  outline() {
    const { across, up, member } = this.cells;
    if (this.data.lone || !member.some(Boolean)) return [];
    const is = (column, row) => column >= 0 && row >= 0 && column < across.count && row < up.count && member[this.cells.index(column, row)];
    let path = "";
    for (let row = 0; row < up.count; row++) {
      for (let column = 0; column < across.count; column++) {
        if (!is(column, row)) continue;
        const [x, y, w, h] = [this.x(column), this.y(row), this.wide, this.high];
        if (!is(column - 1, row)) path += `M${x} ${y}v${h}`;
        if (!is(column + 1, row)) path += `M${x + w} ${y}v${h}`;
        if (!is(column, row + 1)) path += `M${x} ${y}h${w}`;
        if (!is(column, row - 1)) path += `M${x} ${y + h}h${w}`;
      }
    }
    const line = (name) => drawn("path", { class: name, d: path, "stroke-linecap": "round" });
    return [line("edge halo"), line("edge")];
  }

  ring() {
    const { across, best } = this.cells;
    if (best < 0) return [];
    const [column, row] = [best % across.count, Math.floor(best / across.count)];
    const [wide, high] = [Math.max(this.wide - 5, 9), Math.max(this.high - 5, 9)];
    const middle = [this.x(column) + this.wide / 2, this.y(row) + this.high / 2];
    const shape = { x: middle[0] - wide / 2, y: middle[1] - high / 2, width: wide, height: high, rx: Math.min(wide, high) / 2 };
    return [drawn("rect", { class: "ring halo", ...shape }), drawn("rect", { class: this.data.lone ? "ring lone" : "ring", ...shape })];
  }

  /* names of the axes, and as many of their values as there is room for */
  axes(rowNames) {
    const { across, up } = this.cells;
    const made = [];
    const names = Array.from({ length: across.count }, (_, column) => across.text(column, across.axis.bare));
    const widest = names.reduce((most, name) => Math.max(most, this.width(name)), 0);
    const each = Math.ceil((widest + 10) / this.wide);
    names.forEach((name, column) => {
      if (column % each) return;
      made.push(drawn("text", { x: this.x(column) + this.wide / 2, y: this.foot + 17, "text-anchor": "middle", "aria-hidden": "true" }, name));
    });
    const every = Math.ceil(15 / this.high);
    rowNames.forEach((name, row) => {
      if (row % every) return;
      made.push(drawn("text", { x: this.left - 8, y: this.y(row) + this.high / 2 + 4, "text-anchor": "end", "aria-hidden": "true" }, name));
    });
    const unit = (axis) => (axis.unit ? `${axis.name}, ${axis.unit}` : axis.name);
    made.push(drawn("text", { class: "title", x: this.left + (this.wide * across.count) / 2, y: this.foot + 38, "text-anchor": "middle", "aria-hidden": "true" }, `${unit(across.axis)} \u2192`));
    if (up.axis) made.push(drawn("text", { class: "title", x: 0, y: 13, "aria-hidden": "true" }, `\u2191 ${unit(up.axis)}`));
    return made;
  }
}
