// Where a position stands in the structure of a strategy: the keys that lead there, and whether a
// key or a value belongs there. It reads lines, not a tree: half-written text has a place too.

const CONTENT = /^(\s*)((?:- +)*)(.*)$/;
const KEY = /^([A-Za-z_]\w*):(?:\s|$)/;

function parts(line) {
  const [, blank, dashes, body] = CONTENT.exec(line);
  return { column: blank.length + dashes.length, body, isItem: dashes !== "" };
}

const isEmpty = (body) => body === "" || body.startsWith("#");

/** The keys above a line whose content begins in `column`. */
function above(doc, number, column) {
  const path = [];
  let within = column;
  for (let at = number - 1; at > 0 && within > 0; at -= 1) {
    const { column: found, body, isItem } = parts(doc.line(at).text);
    if (isEmpty(body)) continue;
    const key = KEY.exec(body)?.[1];
    if (found < within) {
      if (key) path.unshift(key);
      within = found;
    } else if (found === within && isItem) {
      // the first line of this list item: what holds the list lies further out than its dash
      within = CONTENT.exec(doc.line(at).text)[1].length + 1;
    }
  }
  return path;
}

/** Keys of the mapping that the line belongs to. */
function beside(doc, number, column) {
  const keys = new Set();
  for (const step of [-1, 1]) {
    for (let at = number + step; at > 0 && at <= doc.lines; at += step) {
      const { column: found, body, isItem } = parts(doc.line(at).text);
      if (isEmpty(body)) continue;
      if (found < column || (step > 0 && isItem && found === column)) break;
      const key = found === column ? KEY.exec(body)?.[1] : undefined;
      if (key) keys.add(key);
      if (step < 0 && isItem && found === column) break;
    }
  }
  return keys;
}

/** The flow collections that are open at the end of `text`: their keys, and what is being written. */
function flow(text) {
  const open = [];
  let quote = "";
  let word = "";
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    const frame = open.at(-1);
    if (quote) {
      if (letter === quote) quote = "";
      else word += letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
    } else if (letter === "{" || letter === "[") {
      open.push({ isMap: letter === "{", key: "", keys: new Set() });
      word = "";
    } else if (letter === "}" || letter === "]") {
      open.pop();
      word = "";
    } else if (letter === ",") {
      if (frame) frame.key = "";
      word = "";
    } else if (letter === ":" && frame?.isMap && !frame.key && /[\s]|^$/.test(text[at + 1] ?? "")) {
      frame.key = word.trim();
      frame.keys.add(frame.key);
      word = "";
    } else {
      word += letter;
    }
  }
  return { open, word: word.trimStart() };
}

/** `{ path, kind: "key" | "value", written, siblings }` of a position; null inside a comment. */
export function placeAt(doc, position) {
  const line = doc.lineAt(position);
  const { column, body, isItem } = parts(line.text);
  const written = line.text.slice(column, position - line.from);
  if (/(^|\s)#/.test(written.replace(/"[^"]*"|'[^']*'/g, ""))) return null;
  const path = above(doc, line.number, isItem ? CONTENT.exec(line.text)[1].length + 1 : column);
  const key = KEY.exec(body)?.[1];
  const colon = key === undefined ? -1 : key.length + 1;
  const value = colon >= 0 && written.length >= colon ? written.slice(colon).trimStart() : null;
  const inner = value ?? written;
  const keys = value === null ? path : [...path, key];
  if (/^[{[]/.test(inner)) {
    const { open, word } = flow(inner);
    const frame = open.at(-1);
    if (frame) {
      const found = [...keys, ...open.map((one) => one.key).filter(Boolean)];
      const kind = frame.isMap && !frame.key ? "key" : "value";
      return { path: found, kind, written: word, siblings: frame.keys };
    }
  }
  if (value !== null) return { path: keys, kind: "value", written: value, siblings: new Set() };
  return { path, kind: "key", written, siblings: beside(doc, line.number, column) };
}

// --- the shape of the language --------------------------------------------------------------

function stepped(shape, node, key) {
  if (!node) return null;
  const own = node.section && shape[node.section][key];
  if (own) return own;
  if (node.any) return node.any;
  return node.items ? stepped(shape, node.items, key) : null;
}

/** What may stand at the end of a path, or null. */
export function nodeAt(shape, path) {
  return path.reduce((node, key) => stepped(shape, node, key), { section: "Spec" });
}

/** The keys that a node may have. */
export function keysOf(shape, node) {
  if (!node) return {};
  if (node.section) return shape[node.section];
  return node.items ? keysOf(shape, node.items) : {};
}

/** Whether a path is one of a pattern such as `setup.stages.*.advance.to`. */
export function fits(pattern, path) {
  const wanted = pattern.split(".");
  return wanted.length === path.length && wanted.every((one, at) => one === "*" || one === path[at]);
}
