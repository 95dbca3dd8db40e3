// Findings in three places: under the words, at the end of their lines, and in the list below.
import { setDiagnostics } from "@codemirror/lint";
import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, WidgetType } from "@codemirror/view";

const ORDER = ["error", "warning", "note"];
const SEVERITY = { error: "error", warning: "warning", note: "info" };

// --- in the text ----------------------------------------------------------------------------

class Note extends WidgetType {
  constructor(text, severity) {
    super();
    this.text = text;
    this.severity = severity;
  }

  eq(other) {
    return other.text === this.text && other.severity === this.severity;
  }

  toDOM() {
    const dom = document.createElement("span");
    dom.className = `cm-note ${this.severity}`;
    dom.textContent = this.text;
    dom.setAttribute("aria-hidden", "true"); // the list says the same
    return dom;
  }
}

const setNotes = StateEffect.define();

export const notes = StateField.define({
  create: () => Decoration.none,
  update(value, transaction) {
    let found = value.map(transaction.changes);
    for (const effect of transaction.effects) if (effect.is(setNotes)) found = effect.value;
    return found;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** The characters of a place, as far as the document has them. */
export function rangeOf(doc, place) {
  const line = doc.line(Math.min(Math.max(place.line, 1), doc.lines));
  const from = Math.min(line.from + place.column - 1, line.to);
  return { from, to: Math.min(Math.max(from, line.from + place.end_column - 1), line.to) };
}

function spread(doc, finding) {
  const { from, to } = rangeOf(doc, finding);
  const line = doc.lineAt(from);
  // an empty place still needs something to underline
  return from < to ? { from, to } : { from: Math.max(line.from, from - 1), to: Math.max(to, from) };
}

/** Replace the characters of a fix. */
export function apply(view, fix) {
  const range = rangeOf(view.state.doc, fix);
  view.dispatch({ changes: { ...range, insert: fix.replacement }, userEvent: "input.fix" });
  view.focus();
}

function notesOf(doc, findings) {
  const worst = new Map();
  for (const finding of findings) {
    const known = worst.get(finding.line);
    const better = !known || ORDER.indexOf(finding.severity) < ORDER.indexOf(known.severity);
    if (finding.line <= doc.lines && better) worst.set(finding.line, finding);
  }
  const made = [...worst.entries()]
    .sort(([a], [b]) => a - b)
    .map(([number, finding]) =>
      Decoration.widget({ widget: new Note(finding.message, finding.severity), side: 1 }).range(
        doc.line(number).to,
      ),
    );
  return Decoration.set(made);
}

/** Mark the findings in the text. */
export function mark(view, findings) {
  const own = findings.filter((finding) => !finding.file);
  const { doc } = view.state;
  const spec = setDiagnostics(
    view.state,
    own.map((finding) => ({
      ...spread(doc, finding),
      severity: SEVERITY[finding.severity],
      message: finding.help ? `${finding.message}\n${finding.help}` : finding.message,
      source: finding.code,
      actions: finding.fixes.map((fix) => ({ name: fix.label, apply: () => apply(view, fix) })),
    })),
  );
  view.dispatch(spec, {
    effects: setNotes.of(notesOf(doc, own.filter((finding) => finding.severity !== "note"))),
  });
}

// --- in the list ----------------------------------------------------------------------------

function made(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function button(className, text, act) {
  const element = made("button", className, text);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

const open = new Set();

/** Open or close the explanation of a code below its finding. */
function toggled(item, code, words) {
  const shown = item.querySelector(".explained");
  shown?.remove();
  if (shown) open.delete(code);
  else open.add(code);
  if (!shown) explained(item, code, words);
}

async function explained(item, code, words) {
  const told = (await words())?.codes[code];
  if (!told) return;
  const place = item.appendChild(made("div", "explained"));
  place.append(made("p", "", told.why));
  for (const word of ["wrong", "right"]) {
    place.append(made("span", "label", word === "wrong" ? "Wrong" : "Right"));
    place.append(made("pre", word, told[word]));
  }
}

function row(view, finding, words) {
  const item = made("li", `finding ${finding.severity}`);
  const place = `${finding.file ? `${finding.file}:` : ""}${finding.line}:${finding.column}`;
  const go = button("go", "", () => {
    if (!finding.file) goTo(view, finding.line, finding.column);
  });
  go.append(made("span", "place", place));
  const text = go.appendChild(made("span", "words"));
  text.append(made("span", "message", finding.message));
  if (finding.help) text.append(made("span", "help", finding.help));
  item.append(go);
  const side = item.appendChild(made("span", "side"));
  for (const fix of finding.fixes) {
    side.append(button("button fix", fix.label, () => apply(view, fix)));
  }
  const why = button("code", finding.code, () => toggled(item, finding.code, words));
  why.title = finding.title;
  why.setAttribute("aria-label", `${finding.code}, ${finding.title}: explain`);
  side.append(why);
  if (open.has(finding.code)) explained(item, finding.code, words);
  return item;
}

/** Write the list. */
export function list(place, view, findings, words) {
  const sorted = [...findings].sort(
    (a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) || a.line - b.line,
  );
  const key = JSON.stringify(sorted);
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  const focused = place.contains(document.activeElement);
  place.replaceChildren(...sorted.map((finding) => row(view, finding, words)));
  if (focused) view.focus();
}

/** Put the cursor on a line and show it. */
export function goTo(view, number, column = 1) {
  const line = view.state.doc.line(Math.min(Math.max(number, 1), view.state.doc.lines));
  const anchor = Math.min(line.from + column - 1, line.to);
  view.dispatch({
    selection: { anchor },
    effects: EditorView.scrollIntoView(anchor, { y: "center" }),
  });
  view.focus();
}
