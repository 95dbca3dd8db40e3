"use strict";

(async () => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const ready = (what) => document.documentElement.setAttribute("data-ready", what);
  if (data.best === null) return ready("nothing to draw");
  const { axes, measures } = data;
  const sets = await unpackSets(data.sets, axes.length);

  /* --- commands --------------------------------------------------------------------------------- */

  const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`);
  const setting = (axis, row) => axes[axis].levels[sets.levels[axis][row]];
  const commandOf = (row) => [...data.command, ...axes.flatMap((axis, number) => ["--set", `${axis.name}=${setting(number, row)}`])].map(quoted).join(" ");

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const field = element("textarea", text, "hidden");
      document.body.append(field);
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      return done;
    }
  }

  let told = 0;
  async function copied(button, text) {
    const done = await copy(text);
    const label = button.dataset.label ?? (button.dataset.label = button.textContent);
    button.textContent = done ? "Copied" : "Not copied";
    byId("copied").textContent = done ? "" : "The browser did not allow it: select the line instead.";
    const now = ++told;
    setTimeout(() => {
      button.textContent = label;
      if (now === told) byId("copied").textContent = "";
    }, 1600);
  }

  /* --- the list --------------------------------------------------------------------------------- */

  let chosen = data.best;
  const choose = (row) => {
    chosen = row;
    byId("command").textContent = commandOf(row);
    byId("command-of").textContent = row === data.best ? "To run the best set" : `To run set ${listing.rank[row].toLocaleString("en-US")}`;
    listing.mark(row);
  };
  const listing = new Listing(data, sets, choose);
  byId("copy").addEventListener("click", () => copied(byId("copy"), commandOf(chosen)));
  byId("only-plateau").parentElement.hidden = data.lone || data.plateau.length < 2;
  byId("csv").addEventListener("click", () => {
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([listing.csv()], { type: "text/csv" }));
    link.download = "sets.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });

  /* --- the map ---------------------------------------------------------------------------------- */

  const view = { x: 0, y: axes.length > 1 ? 1 : null, measure: data.metric, how: "at" };
  let standing = data.best;
  const pairs = (host, rows) =>
    host.replaceChildren(
      ...rows.map(([name, value, tone]) => {
        const line = element("div");
        line.append(element("dt", name), element("dd", value, tone));
        return line;
      }),
    );

  function tell(cell, passing) {
    const { cells } = map;
    const { across, up, measure } = cells;
    const rows = cells.rows[cell];
    const [column, row] = [cell % across.count, Math.floor(cell / across.count)];
    standing = cells.standing(cell, data.best);
    const kind = cell === cells.best ? (data.lone ? "The best set: a lone peak" : "The best set") : cells.member[cell] ? "On the plateau" : passing ? "Pointed at" : "Cell";
    byId("cell-kind").textContent = kind;
    byId("cell-value").textContent = rows.length ? written(measure, cells.value[cell]) : "not tried";
    const HOW = { at: "with the other parameters as in the best set", best: `the best of ${counted(rows.length, "set")}`, median: `the median of ${counted(rows.length, "set")}` };
    byId("cell-sum").textContent = rows.length ? `${measure.label}${axes.length > 2 ? `, ${HOW[view.how]}` : ""}` : "No set was tried here.";
    const here = [[across.axis.name, across.text(column)]];
    if (up.axis) here.push([up.axis.name, up.text(row)]);
    const others = axes.map((_, axis) => axis).filter((axis) => axis !== view.x && axis !== view.y);
    pairs(byId("cell-axes"), [...here, ...(rows.length ? others.map((axis) => [axes[axis].name, setting(axis, standing)]) : [])]);
    pairs(byId("cell-figures"), rows.length ? measures.map((one, number) => [one.label, written(one, sets.figures[number][standing]), listing.tone(one, sets.figures[number][standing])]) : []);
    byId("cell-copy").disabled = !rows.length;
  }
  const map = new HeatMap(byId("heat"), data, tell);
  byId("cell-copy").addEventListener("click", () => copied(byId("cell-copy"), commandOf(standing)));

  function ramp() {
    const { scale } = map;
    const canvas = byId("ramp");
    const context = canvas.getContext("2d");
    for (let x = 0; x < canvas.width; x++) {
      context.fillStyle = scale.colour(scale.low + (x / (canvas.width - 1)) * (scale.high - scale.low));
      context.fillRect(x, 0, 1, canvas.height);
    }
    [byId("ramp-low").textContent, byId("ramp-high").textContent] = [scale.low, scale.high].map((value) => written(scale.measure, value));
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => requestAnimationFrame(ramp));

  function chart() {
    map.show(new Cells(data, sets, view));
    ramp();
  }

  /* --- along each axis -------------------------------------------------------------------------- */

  const lines = axes.map((axis, number) => new Profile(byId("profile-list"), axis, sets.levels[number][data.best]));
  const profileOf = (axis, measure) => profile(sets, axis, axes[axis].levels.length, sets.figures[measure]);
  function along() {
    byId("profiles-figure").textContent = measures[view.measure].label;
    lines.forEach((line, axis) => {
      line.show(profileOf(axis, view.measure), measures[view.measure]);
      line.point(null);
    });
  }

  /* --- what is chosen --------------------------------------------------------------------------- */

  /* the two axes along which the median moves most are looked at first */
  const moves = axes.map((_, axis) => {
    const middles = profileOf(axis, data.metric).map((step) => step.middle).filter(Number.isFinite);
    return middles.length ? Math.max(...middles) - Math.min(...middles) : -1;
  });
  const order = axes.map((_, axis) => axis).sort((one, other) => moves[other] - moves[one] || one - other);
  [view.x, view.y] = [order[0], order.length > 1 ? order[1] : null];
  if (view.y !== null && axes[view.y].levels.length > axes[view.x].levels.length) [view.x, view.y] = [view.y, view.x];
  const sparse = axes.reduce((product, axis) => product * axis.levels.length, 1) > sets.count;
  if (sparse && axes.length > 2) view.how = "best";

  const option = (value, text) => Object.assign(element("option", text), { value });
  byId("axis-x").append(...axes.map((axis, number) => option(number, axis.name)));
  byId("axis-y").append(...(axes.length > 1 ? axes.map((axis, number) => option(number, axis.name)) : [option("", "nothing")]));
  byId("figure").append(...measures.map((measure, number) => option(number, measure.label)));
  byId("how-label").hidden = axes.length < 3;
  const reflect = () => {
    byId("axis-x").value = view.x;
    byId("axis-y").value = view.y ?? "";
    byId("figure").value = view.measure;
    byId("how").value = view.how;
  };
  /* choosing for one direction what the other has swaps the two */
  const turn = (mine, other) => (event) => {
    const wanted = Number(event.target.value);
    if (wanted === view[other]) view[other] = view[mine];
    view[mine] = wanted;
    reflect();
    chart();
  };
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("axis-x").addEventListener("change", turn("x", "y"));
  byId("axis-y").addEventListener("change", turn("y", "x"));
  byId("how").addEventListener("change", (event) => {
    view.how = event.target.value;
    chart();
  });
  byId("figure").addEventListener("change", (event) => {
    view.measure = Number(event.target.value);
    chart();
    along();
  });

  byId("key-ring").textContent = `the best set by ${measures[data.metric].label}`;
  reflect();
  chart();
  along();
  ready(`${sets.count} sets`);
})().catch((error) => {
  for (const id of ["map", "profiles", "sets"]) document.getElementById(id).hidden = true;
  console.error("the sets cannot be unpacked by this browser", error);
});
