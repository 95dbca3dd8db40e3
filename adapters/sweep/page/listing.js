"use strict";

/* Rows that are put on the page at a time. */
const BATCH = 80;

/* Every set as a row, sorted by any column; rows come as they are scrolled to. */
class Listing {
  constructor(data, sets, choose) {
    Object.assign(this, { data, sets, choose, drawn: 0, only: false, current: data.best });
    const byId = (id) => document.getElementById(id);
    [this.pane, this.head, this.body] = [byId("list"), document.querySelector("#table thead"), document.querySelector("#table tbody")];
    this.members = new Set(data.plateau);
    const parameters = data.axes.map((axis, number) => ({
      name: axis.name, text: (row) => axis.levels[sets.levels[number][row]], value: (row) => sets.levels[number][row], down: false, first: number === 0,
    }));
    const figures = data.measures.map((measure, number) => ({
      name: measure.label, text: (row) => written(measure, sets.figures[number][row]), value: (row) => sets.figures[number][row], down: measure.more, first: number === 0,
      tone: (row) => this.tone(measure, sets.figures[number][row]),
    }));
    this.columns = [...parameters, ...figures];
    this.rank = new Int32Array(sets.count);
    const ranking = parameters.length + data.metric;
    this.ordered(ranking, data.measures[data.metric].more).forEach((row, place) => (this.rank[row] = place + 1));
    this.pane.addEventListener("scroll", () => {
      if (this.pane.scrollTop + this.pane.clientHeight > this.pane.scrollHeight - 400) this.more();
    });
    byId("only-plateau").addEventListener("change", (event) => {
      this.only = event.target.checked;
      this.arrange(this.by, this.down);
    });
    this.arrange(ranking, data.measures[data.metric].more);
  }

  tone(measure, value) {
    if (measure.centre === null || !Number.isFinite(value) || value === measure.centre) return "";
    return value > measure.centre === measure.more ? "gain" : "loss";
  }

  /* all rows by a column; what is not there comes last, and equals as they were tried, the best first */
  ordered(by, down) {
    const { value } = this.columns[by];
    const key = Float64Array.from({ length: this.sets.count }, (_, row) => {
      const one = value(row);
      return Number.isFinite(one) ? (down ? -one : one) : Infinity;
    });
    const best = this.data.best;
    return Array.from(key.keys()).sort((one, other) => (key[one] === key[other] ? (other === best) - (one === best) || one - other : key[one] - key[other]));
  }

  arrange(by, down) {
    Object.assign(this, { by, down, drawn: 0 });
    this.shown = this.ordered(by, down).filter((row) => !this.only || this.members.has(row));
    const line = element("tr");
    line.append(this.title("rank", null));
    this.columns.forEach((_, number) => line.append(this.title(this.columns[number].name, number)));
    this.head.replaceChildren(line);
    this.body.replaceChildren();
    this.pane.scrollTop = 0;
    document.getElementById("listed").textContent = counted(this.shown.length, "set");
    this.more();
  }

  title(name, number) {
    const cell = element("th", number === null ? name : undefined, number !== null && this.columns[number].first ? "number split" : "number");
    cell.scope = "col";
    if (number === null) return cell;
    const held = number === this.by;
    if (held) cell.setAttribute("aria-sort", this.down ? "descending" : "ascending");
    const button = element("button", held ? `${name} ${this.down ? "\u2193" : "\u2191"}` : name);
    button.type = "button";
    button.addEventListener("click", () => {
      this.arrange(number, held ? !this.down : this.columns[number].down);
      this.head.querySelectorAll("button")[number].focus();
    });
    cell.append(button);
    return cell;
  }

  more() {
    const part = document.createDocumentFragment();
    const until = Math.min(this.drawn + BATCH, this.shown.length);
    for (; this.drawn < until; this.drawn++) part.append(this.line(this.shown[this.drawn]));
    this.body.append(part);
  }

  line(row) {
    const line = element("tr", undefined, row === this.data.best ? "best" : "");
    line.dataset.row = row;
    if (row === this.current) line.setAttribute("aria-current", "true");
    const rank = element("td", undefined, this.members.has(row) ? "number on" : "number");
    const button = element("button", this.rank[row].toLocaleString("en-US"));
    button.type = "button";
    button.setAttribute("aria-label", `Set ${this.rank[row]}: show how to run it`);
    rank.append(button);
    line.append(rank);
    for (const column of this.columns) {
      const cell = element("td", column.text(row), `number ${column.first ? "split" : ""} ${column.tone ? column.tone(row) : ""}`.trim());
      line.append(cell);
    }
    line.addEventListener("click", () => this.choose(row));
    return line;
  }

  mark(row) {
    this.current = row;
    for (const line of this.body.children) {
      if (Number(line.dataset.row) === row) line.setAttribute("aria-current", "true");
      else line.removeAttribute("aria-current");
    }
  }

  /* the rows as shown, as a file */
  csv() {
    const quoted = (value) => `"${String(value).replaceAll('"', '""')}"`;
    const plain = (column, row) => (column.tone ? column.value(row) : column.text(row));
    const lines = [["rank", ...this.columns.map((column) => column.name)], ...this.shown.map((row) => [this.rank[row], ...this.columns.map((column) => plain(column, row))])];
    return lines.map((line) => line.map(quoted).join(",")).join("\r\n");
  }
}
