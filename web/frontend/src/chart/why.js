// The page that says why: a setup or a bar is chosen, by hand or by key, and everything follows.
import { say } from "../notices.js";
import { PriceChart, json } from "./price.js";

const KEYS = {
  ArrowLeft: (why, event) => why.step(event.shiftKey ? -10 : -1),
  ArrowRight: (why, event) => why.step(event.shiftKey ? 10 : 1),
  n: (why) => why.jump("setup", 1),
  p: (why) => why.jump("setup", -1),
  d: (why) => why.jump("death", 1),
  D: (why) => why.jump("death", -1),
  t: (why) => why.jump("trade", 1),
  T: (why) => why.jump("trade", -1),
  Home: (why) => why.edge("from"),
  End: (why) => why.edge("to"),
  f: (why) => why.chart.fit(),
  "+": (why) => why.chart.zoom(0.7),
  "=": (why) => why.chart.zoom(0.7),
  "-": (why) => why.chart.zoom(1.4),
  "?": (why) => why.help(),
};

export class Why {
  static async on(element) {
    const why = new Why(element);
    const host = element.querySelector("[data-chart]");
    why.chart = await PriceChart.in(host, element.dataset.base, ({ setup, row, minute }) => (setup ? why.choose(setup.n) : why.at(row, minute)));
    await why.begin();
    host.dataset.drawn = "";
    return why;
  }

  constructor(element) {
    const { base, page, n, row, minute } = element.dataset;
    Object.assign(this, { element, base, page, n: n === "" ? null : Number(n), row: Number(row), minute: Number(minute) });
    this.asked = new Map();
    this.listen();
  }

  async begin() {
    if (this.n === null) {
      const half = 90 * this.chart.about.minutes;
      await this.chart.look(this.minute - half, this.minute + half);
    } else {
      this.story = await json(`${this.base}/setups/${this.n}`);
      await this.chart.tell(this.story);
    }
    await this.chart.mark(this.minute);
    this.lines();
    if (this.n !== null) await this.rescue();
  }

  // --- what is chosen ------------------------------------------------------------------------

  /** A setup by its number: its story on the chart, its end in the panels. */
  async choose(n) {
    const asked = this.only("setup");
    const story = await json(`${this.base}/setups/${n}`, asked.signal);
    Object.assign(this, { n, story, row: story.last, minute: story.to });
    document.getElementById("table").replaceChildren();
    this.remember();
    const parts = [this.swap("setup", `${this.page}/setup/${n}`), this.rescue()];
    this.chart.story.set({ looked: this.minute });
    parts.push(this.chart.tell(story), this.bar());
    await Promise.all(parts);
  }

  /** A bar by its row; the setup stays. */
  async at(row, minute) {
    Object.assign(this, { row, minute });
    this.remember();
    await Promise.all([this.chart.mark(minute), this.bar()]);
  }

  async step(rows) {
    const told = await json(`${this.base}/bars/${Math.max(0, this.row + rows)}`, this.only("step").signal);
    await this.at(told.row, told.minute);
  }

  async edge(name) {
    if (!this.story) return;
    await this.at(this.story[name === "from" ? "first" : "last"], this.story[name]);
  }

  async jump(kind, way) {
    const words = new URLSearchParams({ kind, way, row: this.row });
    if (this.n !== null) words.set("n", this.n);
    const told = await json(`${this.base}/next?${words}`, this.only("setup").signal);
    if (told.n === null) say(`There is no ${kind} ${way > 0 ? "after" : "before"} this one.`, "");
    else await this.choose(told.n);
  }

  /** What would have helped: it takes a second, so that it is asked for last. */
  async rescue() {
    const place = document.getElementById("rescue");
    place.replaceChildren();
    if (this.story.fate !== "dead") return this.only("rescue");
    place.append(document.getElementById("trying").content.cloneNode(true));
    return this.swap("rescue", `${this.page}/rescue/${this.n}`);
  }

  // --- panels --------------------------------------------------------------------------------

  /** The conditions of the bar, of the side that the setup is on. */
  async bar() {
    const side = this.story && this.row >= this.story.first && this.row <= this.story.last ? `?n=${this.n}` : "";
    await this.swap("bar", `${this.page}/bar/${this.row}${side}`);
    this.lines();
  }

  /** A fragment of the server's in its place; a newer question ends an older one. */
  async swap(place, path) {
    const asked = this.only(place);
    const answer = await fetch(path, { headers: { "hx-request": "true", accept: "text/html" }, signal: asked.signal });
    const text = await answer.text();
    if (asked.signal.aborted) return;
    document.getElementById(place).innerHTML = text;
  }

  /** The bars of a setup to be read, in place of the chart; asked again, they go. */
  async table(n) {
    const place = document.getElementById("table");
    if (place.dataset.of === n) {
      place.replaceChildren();
      delete place.dataset.of;
      return;
    }
    await this.swap("table", `${this.page}/table/${n}`);
    place.dataset.of = n;
    place.firstElementChild?.focus();
  }

  only(name) {
    this.asked.get(name)?.abort();
    const asked = new AbortController();
    this.asked.set(name, asked);
    return asked;
  }

  /** The lines of the strategy that the panels speak of; the one that decided is brought in sight. */
  lines() {
    const near = this.element.querySelector("#setup [data-near]")?.dataset;
    this.chart.story.set({ near: near ? { at: Number(near.near), text: near.text } : null });
    for (const line of this.element.querySelectorAll(".spec .spoken")) line.classList.remove("spoken", "decided");
    const spec = this.element.querySelector(".spec");
    const decided = this.element.querySelector("#setup [data-decided]")?.dataset.decided;
    for (const rule of this.element.querySelectorAll("#bar [data-line]")) {
      spec?.querySelector(`[data-at="${rule.dataset.line}"]`)?.classList.add("spoken");
    }
    const line = decided && spec?.querySelector(`[data-at="${decided}"]`);
    if (line) {
      line.classList.add("spoken", "decided");
      spec.scrollTop = line.offsetTop - spec.clientHeight / 2;
    }
  }

  remember() {
    const words = new URLSearchParams(this.n === null ? {} : { n: this.n });
    words.set("row", this.row);
    history.replaceState(null, "", `${this.page}?${words}`);
    this.element.dataset.row = String(this.row);
    this.element.dataset.n = this.n === null ? "" : String(this.n);
  }

  help() {
    const dialog = document.getElementById("keys");
    if (dialog.open) dialog.close();
    else dialog.showModal();
  }

  // --- hands ---------------------------------------------------------------------------------

  listen() {
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, select, textarea, [contenteditable]");
      if (typing || event.ctrlKey || event.metaKey || event.altKey || !this.chart) return;
      const does = KEYS[event.key];
      if (!does || (document.querySelector("dialog[open]") && event.key !== "?")) return;
      event.preventDefault();
      this.quietly(() => does(this, event));
    });
    this.element.addEventListener("click", (event) => {
      const { target } = event;
      const jump = target.closest("[data-jump]");
      const setup = target.closest("[data-setup]");
      const bar = target.closest("[data-go]");
      const line = target.closest("[data-line]");
      if (jump) this.quietly(() => this.jump(jump.dataset.jump, Number(jump.dataset.way)));
      else if (setup) {
        event.preventDefault();
        this.quietly(() => this.choose(Number(setup.dataset.setup)));
      } else if (bar) this.quietly(() => this.at(Number(bar.dataset.go), Number(bar.dataset.minute)));
      else if (target.closest("[data-table]")) this.quietly(() => this.table(target.closest("[data-table]").dataset.table));
      else if (line) this.flash(line.dataset.line);
      else if (target.closest("[data-keys]")) this.help();
      else if (target.closest("[data-fit]")) this.quietly(() => this.chart.fit());
      else if (target.closest("[data-zoom]")) this.chart.zoom(Number(target.closest("[data-zoom]").dataset.zoom));
      else if (target.closest("[data-step]")) this.quietly(() => this.step(Number(target.closest("[data-step]").dataset.step)));
    });
  }

  flash(number) {
    const spec = this.element.querySelector(".spec");
    const line = spec?.querySelector(`[data-at="${number}"]`);
    if (!line) return;
    for (const one of spec.querySelectorAll(".shown")) one.classList.remove("shown");
    line.classList.add("shown");
    spec.scrollTop = line.offsetTop - spec.clientHeight / 2;
  }

  async quietly(does) {
    try {
      await does();
    } catch (error) {
      if (error.name !== "AbortError") say(error.message);
    }
  }
}
