// What a word means, under the pointer: its kind, its type, its words.
import { hoverTooltip } from "@codemirror/view";
import { keysOf, nodeAt, placeAt } from "./place.js";

function tokenAt(doc, position) {
  const line = doc.lineAt(position);
  for (const found of line.text.matchAll(/[A-Za-z_]\w*(?:\.\w+)*|%/g)) {
    const from = line.from + found.index;
    if (from <= position && position <= from + found[0].length) {
      const upTo = found[0].slice(0, Math.max(0, position - from));
      const part = upTo.split(".").length - 1;
      return { from, to: from + found[0].length, parts: found[0].split("."), part, line };
    }
  }
  return null;
}

function ofKey(words, place, token) {
  const told = keysOf(words.shape, nodeAt(words.shape, place.path))[token.parts[0]];
  return told && { name: token.parts[0], type: told.needed ? "needed" : "key", doc: told.doc, text: told.example };
}

function ofName(words, names, token, after) {
  const name = token.parts[token.part];
  if (token.part > 0) {
    const first = names.find((one) => one.name === token.parts[0]);
    const parts = first?.kind === "session" ? words.sessionParts : words.heldParts;
    const found = parts.find((one) => one.name === name) ?? names.find((one) => one.name === name);
    if (found) return { ...found, name: token.parts.slice(0, token.part + 1).join(".") };
  }
  if (after.startsWith("(")) {
    const called = [...words.functions, ...words.trackers].find((one) => one.name === name);
    if (called) return { name: called.signature, type: "function", doc: called.doc };
  }
  const declared = names.find((one) => one.name === name);
  if (declared) return { ...declared, type: [declared.kind, declared.type].filter(Boolean).join(", ") };
  const lists = [words.words, words.units, words.instruments];
  return lists.flat().find((one) => one.name === name);
}

function drawn(told) {
  const dom = document.createElement("div");
  dom.className = "cm-doc";
  const head = dom.appendChild(document.createElement("div"));
  head.className = "cm-doc-head";
  head.append(Object.assign(document.createElement("code"), { textContent: told.name }));
  if (told.type) head.append(Object.assign(document.createElement("span"), { textContent: told.type }));
  if (told.doc) dom.append(Object.assign(document.createElement("p"), { textContent: told.doc }));
  if (told.text) dom.append(Object.assign(document.createElement("pre"), { textContent: told.text }));
  return { dom };
}

/** What is to be told of a position: `{ from, to, told }` or null. */
export async function toldAt(words, names, state, position) {
  const token = tokenAt(state.doc, position);
  const place = token && placeAt(state.doc, token.to);
  if (!place) return null;
  const all = await words();
  if (!all) return null;
  const after = token.line.text.slice(token.to - token.line.from);
  const isKey = place.kind === "key" && token.parts.length === 1;
  const found = (isKey && ofKey(all, place, token)) || ofName(all, names(), token, after);
  return found ? { from: token.from, to: token.to, told: found } : null;
}

/** Hover tooltips. */
export function hovering(words, names) {
  return hoverTooltip(async (view, position) => {
    const found = await toldAt(words, names, view.state, position);
    return found && { pos: found.from, end: found.to, above: true, create: () => drawn(found.told) };
  }, { hoverTime: 250 });
}
