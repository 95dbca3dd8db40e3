// Completion from the language's own tables: keys by their place, names where names may stand.
import { snippetCompletion } from "@codemirror/autocomplete";
import { fits, keysOf, nodeAt, placeAt } from "./place.js";

const OF_CANDIDATES = /^(setup|stop|target|require|entry|features|exits)$/;

const info = (doc, more) => [doc, more && `for example ${more}`].filter(Boolean).join("\n");

function option(one, type, boost = 0) {
  return { label: one.name, type, detail: one.type || undefined, info: one.doc || one.text, boost };
}

function keyOptions(words, place) {
  const node = nodeAt(words.shape, place.path);
  return Object.entries(keysOf(words.shape, node))
    .filter(([key]) => !place.siblings.has(key))
    .map(([key, told]) => ({
      label: key,
      type: "property",
      apply: told.leaf || told.choices || told.items ? `${key}: ` : `${key}:`,
      info: info(told.doc, told.example),
      detail: told.needed ? "needed" : undefined,
      boost: told.needed ? 20 : 0,
    }));
}

const named = (names, ...kinds) => names.filter((one) => kinds.includes(one.kind));
const options = (list, type, boost) => list.map((one) => option(one, type, boost));
const plain = (list, type) => list.map((label) => ({ label, type }));

const REFERENCES = {
  instrument: (words) => options(words.instruments, "constant"),
  file: (words, names, files) => plain(files, "text"),
  edge: (words) => plain(words.calendars.flatMap((one) => [`${one}.open`, `${one}.close`]), "constant"),
  zone: (words) => plain(words.zones, "constant"),
  stage: (words, names) => options(named(names, "stage"), "class"),
  way: (words, names) => [
    ...options(named(names, "stage"), "class"),
    { label: "entry", type: "keyword", info: "the setup is complete" },
  ],
  tracker: (words, names) => options(named(names, "tracker"), "variable"),
  session: (words, names) => options(named(names, "session"), "namespace"),
  target: (words, names) => options(named(names, "target"), "variable"),
  tracking: (words, names) => [...called(words.trackers), ...expression(words, names, true)],
};

function called(functions) {
  return functions.map((one) => {
    const inner = /\((.*)\)/.exec(one.signature)?.[1];
    const told = { label: one.name, type: "function", detail: one.signature, info: one.doc };
    return inner === undefined ? told : snippetCompletion(`${one.name}(\${})`, told);
  });
}

function expression(words, names, ofCandidates) {
  return [
    ...options(named(names, "parameter", "series"), "variable", 8),
    ...options(named(names, "session"), "namespace", 6),
    ...(ofCandidates ? options(named(names, "tracker", "capture", "measure"), "variable", 8) : []),
    ...options(
      words.words.filter((one) => ofCandidates || !["candidate", "bracket"].includes(one.kind)),
      "keyword",
    ),
    ...called(words.functions),
  ];
}

function fields(words, names, base) {
  const first = base.split(".")[0];
  const found = names.find((one) => one.name === first && one.kind !== "parameter");
  if (first === "target") return options(named(names, "target"), "variable");
  if (found?.kind === "session") return options(words.sessionParts, "property");
  if (found?.kind === "tracker" || found?.kind === "capture") {
    return [...options(words.heldParts, "property"), ...options(named(names, "series"), "variable")];
  }
  if (words.calendars.includes(first)) return plain(["open", "close"], "property");
  return [];
}

function valueOptions(words, names, files, place) {
  const pattern = Object.keys(words.references).find((one) => fits(one, place.path));
  if (pattern) return REFERENCES[words.references[pattern]](words, names, files);
  const node = nodeAt(words.shape, place.path);
  const choices = node?.choices ?? node?.items?.choices;
  if (choices) return plain(choices, "enum");
  if (node && !node.leaf && !node.items?.leaf) return [];
  if (node?.leaf === "prose" || node?.leaf === "name") return [];
  const { written } = place;
  if (/\d\s*[A-Za-z%]*$/.test(written)) return options(words.units, "unit", 10);
  if (place.path[0] === "params") return [];
  if (/\b(in|since)\s+\w*$/.test(written)) return options(named(names, "session"), "namespace");
  if (/\b(exists|after)\s+\w*$/.test(written)) return options(named(names, "tracker"), "variable");
  return expression(words, names, OF_CANDIDATES.test(place.path[0]));
}

/** A completion source; `words` and `names` are asked for when they are needed. */
export function completing(words, names, files) {
  return async (context) => {
    const place = placeAt(context.state.doc, context.pos);
    if (!place) return null;
    const token = context.matchBefore(/[\w%]*/);
    const before = context.matchBefore(/[\w.]+\.\w*/);
    const empty = token.from === token.to && !before;
    if (empty && !context.explicit) return null;
    const told = await words();
    if (!told) return null;
    let found;
    if (place.kind === "key") found = keyOptions(told, place);
    else if (before) found = fields(told, names(), before.text.replace(/\.\w*$/, ""));
    else found = valueOptions(told, names(), files, place);
    if (before && place.kind === "value" && !found.length) {
      const whole = valueOptions(told, names(), files, { ...place, written: "" });
      return { from: before.from, options: whole, validFor: /^[\w.]*$/ };
    }
    return found.length ? { from: token.from, options: found, validFor: /^[\w%]*$/ } : null;
  };
}
