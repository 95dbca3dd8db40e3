"use strict";

(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { meta, trades, setups } = data;
  const byId = (id) => document.getElementById(id);
  const SIDES = ["short", "long"];

  const digits = { minimumFractionDigits: meta.decimals, maximumFractionDigits: meta.decimals };
  const prices = {
    text: (ticks) => ((ticks * meta.tick[0]) / meta.tick[1]).toLocaleString("en-US", digits),
    points: (ticks) => `${((ticks * meta.tick[0]) / meta.tick[1] / meta.point).toLocaleString("en-US", { maximumFractionDigits: 2 })} pt`,
  };
  const money = (value) => value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const gained = (value) => `${value > 0 ? "+" : ""}${money(value)}`;
  const signed = (value, places = 2) => `${value > 0 ? "+" : ""}${value.toFixed(places)}`;
  const inR = (value) => (value === null ? "na" : `${signed(value)} R`);
  const tone = (value) => (value > 0 ? "gain" : value < 0 ? "loss" : "");

  /* --- the two lists ------------------------------------------------------------------------ */

  const rows = (columns, kind) =>
    columns.day.map((_, number) => {
      const row = { kind, number };
      for (const name of Object.keys(columns)) row[name] = columns[name][number];
      row.id = `${wall.day(row.day * 1440)}/${SIDES[row.side]}/${row.ordinal}`;
      return row;
    });
  const reached = (row) => (row.reached >= meta.stages.length ? "complete" : meta.stages[row.reached] ?? "");
  const outcome = (row) => (row.kind === "trade" ? meta.exits[row.reason] : row.reason || meta.fates[row.fate]);
  const perR = (row, ticks) => (row.risk ? ticks / row.risk : null);

  /* name, text, value to sort by, class */
  const shared = [
    ["date", (row) => `${wall.weekday(row.day * 1440)} ${wall.day(row.day * 1440)}`, (row) => row.opened, ""],
    ["side", (row) => SIDES[row.side], (row) => row.side, "", (row) => `side-${row.side}`],
  ];
  const LISTS = {
    trade: {
      rows: rows(trades, "trade"),
      columns: [
        ["#", (row) => row.number + 1, (row) => row.number, "number mid"],
        ...shared,
        ["in", (row) => wall.clock(row.opened), (row) => row.opened % 1440, ""],
        ["out", (row) => wall.clock(row.closed), (row) => row.closed % 1440, "mid"],
        ["entry", (row) => prices.text(row.entry), (row) => row.entry, "number mid"],
        ["exit", (row) => prices.text(row.exit), (row) => row.exit, "number mid"],
        ["size", (row) => row.contracts, (row) => row.contracts, "number wide"],
        ["R", (row) => (row.r === null ? "na" : signed(row.r)), (row) => row.r ?? -1e9, "number strong", (row) => tone(row.r)],
        [`net ${meta.currency}`, (row) => money(row.net), (row) => row.net, "number", (row) => tone(row.net)],
        ["MAE R", (row) => (perR(row, row.mae) ?? NaN).toFixed(2).replace("NaN", "na"), (row) => perR(row, row.mae) ?? -1, "number wide"],
        ["MFE R", (row) => (perR(row, row.mfe) ?? NaN).toFixed(2).replace("NaN", "na"), (row) => perR(row, row.mfe) ?? -1, "number wide"],
        ["bars", (row) => row.held, (row) => row.held, "number wide"],
        ["exit by", outcome, outcome, "mid"],
      ],
    },
    setup: {
      rows: rows(setups, "setup"),
      columns: [
        ...shared,
        ["from", (row) => wall.clock(row.opened), (row) => row.opened % 1440, ""],
        ["until", (row) => wall.clock(row.closed), (row) => row.closed % 1440, "mid"],
        ["came to", reached, (row) => row.reached, ""],
        ["then", (row) => meta.fates[row.fate], (row) => row.fate, "mid"],
        ["reason", (row) => row.reason, (row) => row.reason, ""],
      ],
    },
  };
  byId("count-setups").textContent = setups.day.length.toLocaleString("en-US");

  const view = { list: "trade", sort: 0, down: false, shown: [], drawn: 0, current: null };
  const head = document.querySelector("#table thead");
  const body = document.querySelector("#table tbody");
  const pane = byId("list");

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function arrange() {
    const list = LISTS[view.list];
    const [side, end] = [byId("filter-side").value, byId("filter-outcome").value];
    view.shown = list.rows.filter((row) => (side === "" || row.side === Number(side)) && (end === "" || outcome(row) === end));
    const column = list.columns[view.sort];
    if (column) {
      const value = column[2];
      const way = view.down ? -1 : 1;
      view.shown.sort((one, other) => {
        const [a, b] = [value(one), value(other)];
        return way * (a < b ? -1 : a > b ? 1 : one.opened - other.opened);
      });
    }
    const line = element("tr");
    list.columns.forEach(([name, , , className], number) => {
      const cell = element("th", undefined, className);
      cell.scope = "col";
      if (number === view.sort) cell.setAttribute("aria-sort", view.down ? "descending" : "ascending");
      const button = element("button", number === view.sort ? `${name} ${view.down ? "\u2193" : "\u2191"}` : name);
      button.type = "button";
      button.addEventListener("click", () => {
        view.down = view.sort === number ? !view.down : false;
        view.sort = number;
        arrange();
      });
      cell.append(button);
      line.append(cell);
    });
    head.replaceChildren(line);
    body.replaceChildren();
    view.drawn = 0;
    pane.scrollTop = 0;
    more();
    if (!view.shown.length) {
      const cell = element("td", list.rows.length ? "None matches." : "There are none.");
      cell.colSpan = list.columns.length;
      body.append(element("tr"));
      body.lastChild.append(cell);
    }
  }

  function more(until = view.drawn + 120) {
    const list = LISTS[view.list];
    const part = document.createDocumentFragment();
    for (; view.drawn < Math.min(until, view.shown.length); view.drawn++) {
      const row = view.shown[view.drawn];
      const line = element("tr", undefined, row.piece < 0 ? "bare" : "");
      if (row.piece < 0) line.title = "Not among the charts kept in this file";
      if (row === view.current) line.setAttribute("aria-current", "true");
      for (const [, text, , className, more] of list.columns) {
        line.append(element("td", text(row), `${className} ${more ? more(row) : ""}`.trim()));
      }
      line.addEventListener("click", () => row.piece >= 0 && select(row));
      part.append(line);
    }
    body.append(part);
  }
  pane.addEventListener("scroll", () => {
    if (pane.scrollTop + pane.clientHeight > pane.scrollHeight - 400) more();
  });

  function choices() {
    const found = [...new Set(LISTS[view.list].rows.map(outcome))].sort();
    byId("filter-outcome").replaceChildren(element("option", "all"), ...found.map((name) => element("option", name)));
    byId("filter-outcome").firstChild.value = "";
  }

  function open(list) {
    view.list = list;
    view.sort = list === "trade" ? 0 : -1;
    view.down = false;
    byId("tab-trades").setAttribute("aria-selected", String(list === "trade"));
    byId("tab-setups").setAttribute("aria-selected", String(list === "setup"));
    pane.setAttribute("aria-labelledby", list === "trade" ? "tab-trades" : "tab-setups");
    choices();
    arrange();
  }
  byId("tab-trades").addEventListener("click", () => open("trade"));
  byId("tab-setups").addEventListener("click", () => open("setup"));
  byId("filter-side").addEventListener("change", arrange);
  byId("filter-outcome").addEventListener("change", arrange);

  byId("csv").addEventListener("click", () => {
    const list = LISTS[view.list];
    const quoted = (value) => `"${String(value).replaceAll('"', '""')}"`;
    const lines = [["id", ...list.columns.map(([name]) => name)], ...view.shown.map((row) => [row.id, ...list.columns.map(([, text]) => text(row))])];
    save(new Blob([lines.map((line) => line.map(quoted).join(",")).join("\r\n")], { type: "text/csv" }), `${view.list}s.csv`);
  });

  function save(blob, name) {
    const link = element("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  /* --- the chart and its story -------------------------------------------------------------- */

  const chart = new PriceChart(byId("chart"), meta, prices, byId("readout"));
  const unpacked = new Map();
  const piece = (number) => {
    if (!unpacked.has(number)) unpacked.set(number, unpack(data.pieces[number]));
    return unpacked.get(number);
  };

  async function select(row) {
    view.current = row;
    for (const line of body.querySelectorAll("[aria-current]")) line.removeAttribute("aria-current");
    const place = view.shown.indexOf(row);
    if (place >= view.drawn) more(place + 60);
    if (place >= 0) {
      const line = body.children[place];
      line.setAttribute("aria-current", "true");
      const [top, height] = [line.offsetTop - 40, line.offsetHeight + 40];
      if (top < pane.scrollTop) pane.scrollTop = top;
      else if (top + height > pane.scrollTop + pane.clientHeight) pane.scrollTop = top + height - pane.clientHeight;
    }
    try {
      history.replaceState(null, "", `#${row.kind}-${row.id}`);
    } catch {
      /* a page shown inside another may not have an address of its own */
    }
    byId("viewer").hidden = false;
    const bars = await piece(row.piece);
    if (view.current !== row) return;
    chart.show(bars, bars.drawings[row.place], row);
    chart.sheet.now();
    title(row, place);
    story(row, bars);
    ticket(row, bars);
    byId("chart").setAttribute("aria-label", `Price chart of ${row.id}: ${byId("shown").textContent}`);
  }

  function title(row, place) {
    const line = byId("shown");
    line.replaceChildren(element("b", `${wall.weekday(row.day * 1440)} ${wall.day(row.day * 1440)} ${SIDES[row.side]}`), " ");
    if (row.kind === "trade") {
      line.append(element("b", inR(row.r), tone(row.net)), " ", element("span", `${gained(row.net)} ${meta.currency}, by ${outcome(row)}`));
    } else {
      line.append(element("span", `${reached(row)}, ${meta.fates[row.fate]}${row.reason ? `: ${row.reason}` : ""}`));
    }
    const what = row.kind === "trade" ? "trade" : "setup";
    line.append(" ", element("span", place < 0 ? "" : `(${what} ${place + 1} of ${view.shown.length})`));
  }

  function story(row, bars) {
    const drawing = bars.drawings[row.place];
    const steps = [];
    const say = (at, strong, rest) => steps.push([at, strong, rest]);
    const because = (names) => (names && names.length ? names.join(", ") : "");
    for (const [at, kind, before, cause, said] of drawing.s) {
      const values = said ? ` \u00b7 ${said}` : "";
      if (kind === 0) say(at, "start", `${because(meta.start)}${values}`);
      if (kind === 1) say(at, `\u2192 ${meta.stages[cause]}`, `${because(meta.ways[before][meta.stages[cause]])}${values}`);
      if (kind === 2) say(at, `ended: ${meta.reasons[cause]}`, before >= 0 ? `in ${meta.stages[before] ?? "setup"}` : "");
      if (kind === 3) {
        const names = before >= 0 && meta.ways[before] ? because(meta.ways[before][meta.entry]) : "";
        say(at, "setup complete", `${names ? `${names} \u00b7 ` : ""}stop by ${meta.stops[cause]}${values}`);
      }
    }
    if (row.kind === "setup" && row.fate >= 2 && row.fate <= 3) say(drawing.z[1], `${meta.fates[row.fate]}: ${row.reason}`, row.contracts ? `${row.contracts} planned` : "");
    for (const [at, price, contracts] of drawing.f) say(at, row.side ? "bought" : "sold", `${contracts} at ${prices.text(price)}`);
    for (const [at, stop, , reason] of drawing.v) say(at, "stop moved", `to ${prices.text(stop)} by ${reason}`);
    for (const [at, price, contracts, reason] of drawing.x) say(at, `out: ${reason}`, `${contracts} at ${prices.text(price)}`);
    steps.sort((one, other) => one[0] - other[0]);
    byId("story").replaceChildren(
      ...steps.map(([at, strong, rest]) => {
        const line = element("li");
        const text = element("span");
        text.append(element("b", strong), " ", element("i", rest));
        const minute = bars.at[Math.max(0, Math.min(bars.n - 1, at))];
        line.append(element("time", wall.clock(minute)), text);
        line.addEventListener("click", () => chart.centre(at));
        return line;
      }),
    );
  }

  function ticket(row, bars) {
    const drawing = bars.drawings[row.place];
    const facts = [];
    if (drawing.b) {
      const [close, entry, stop, targets] = drawing.b;
      const at = drawing.f.length ? drawing.f[0][1] : meta.order === "market" ? close : entry;
      facts.push([drawing.f.length ? "entry" : "would enter at", prices.text(at)], ["stop", prices.text(stop)]);
      targets.forEach((target, i) => facts.push([meta.targets[i], prices.text(target)]));
      facts.push(["risk", prices.points(Math.abs(at - stop))]);
      if (targets.length && at !== stop) facts.push(["reward : risk", (Math.abs(targets[0] - at) / Math.abs(at - stop)).toFixed(2)]);
    }
    if (row.kind === "trade") {
      facts.push(["exit", prices.text(row.exit)], ["size", row.contracts], ["commission", money(row.paid)], ["net", `${money(row.net)}`]);
      facts.push(["MAE, MFE", `${prices.points(row.mae)}, ${prices.points(row.mfe)}`], ["held", `${row.held} bars`]);
    } else {
      facts.push(["lasted", `${Math.round(row.closed - row.opened)} min`]);
    }
    facts.push(["id", row.id]);
    byId("ticket").replaceChildren(
      ...facts.map(([name, value]) => {
        const part = element("div");
        part.append(element("dt", name), element("dd", value));
        return part;
      }),
    );
  }

  function go(steps) {
    let place = view.shown.indexOf(view.current);
    for (place += steps; view.shown[place]; place += steps) {
      if (view.shown[place].piece >= 0) return void select(view.shown[place]);
    }
  }
  byId("previous").addEventListener("click", () => go(-1));
  byId("next").addEventListener("click", () => go(1));
  byId("zoom-in").addEventListener("click", () => chart.zoom(0.7));
  byId("zoom-out").addEventListener("click", () => chart.zoom(1.4));
  byId("reset").addEventListener("click", () => chart.fit());
  byId("picture").addEventListener("click", () =>
    byId("chart").toBlob((blob) => save(blob, `${view.current.id.replaceAll("/", "-")}.png`)),
  );
  const KEYS = { ArrowRight: () => go(1), j: () => go(1), ArrowLeft: () => go(-1), k: () => go(-1), "+": () => chart.zoom(0.7), "-": () => chart.zoom(1.4), 0: () => chart.fit() };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, input, textarea, [role=tab]")) return;
    const act = view.current && KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  /* --- the curve, the calendar, the first thing shown ----------------------------------------- */

  const jump = (row) => {
    if (!row || row.piece < 0) return;
    open("trade");
    select(row);
    byId("viewer").scrollIntoView({ block: "center" });
  };
  const list = LISTS.trade.rows;
  new Curve(byId("curve"), data.curve, meta, byId("curve-readout"), (minute) => {
    jump(list.reduce((best, row) => (!best || Math.abs(row.closed - minute) < Math.abs(best.closed - minute) ? row : best), null));
  });
  document.getElementById("calendar").addEventListener("click", (event) => {
    const day = event.target.dataset && event.target.dataset.day;
    if (day) jump(list.find((row) => row.day === Number(day)));
  });

  const asked = decodeURIComponent(location.hash.slice(1));
  const wanted = ["trade", "setup"].flatMap((kind) => LISTS[kind].rows).find((row) => `${row.kind}-${row.id}` === asked && row.piece >= 0);
  const first = wanted || list.find((row) => row.piece >= 0) || LISTS.setup.rows.find((row) => row.piece >= 0);
  open(first ? first.kind : "trade");
  (first ? select(first) : Promise.resolve()).then(
    () => document.documentElement.setAttribute("data-ready", first ? first.id : "nothing to draw"),
    (error) => {
      byId("viewer").hidden = true;
      console.error("the charts cannot be unpacked by this browser", error);
    },
  );
})();
