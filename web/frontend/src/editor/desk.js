// Puts the editor in the place of the text area, which stays the form's field and works alone.
import "./sheets.js";
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  completionStatus,
} from "@codemirror/autocomplete";
import {
  defaultKeymap,
  history,
  historyKeymap,
  indentLess,
  indentMore,
  temporarilySetTabFocusMode,
} from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { unifiedMergeView } from "@codemirror/merge";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, Prec } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { ask } from "../asking.js";
import { mountBeside } from "./beside.js";
import { Checking } from "./checking.js";
import { completing } from "./complete.js";
import { list, mark, notes } from "./findings.js";
import { hovering } from "./hover.js";
import { indent } from "./indent.js";
import { looks } from "./looks.js";
import { mountNewer } from "./newer.js";
import { words as wordMarks } from "./words.js";

const json = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "null");

/** The language's tables, fetched once and when first needed; null where that failed. */
function tables() {
  let asked;
  return () => {
    asked ??= ask("/api/language/vocabulary").catch(() => {
      asked = undefined;
      return null;
    });
    return asked;
  };
}

function setText(view, text) {
  const old = view.state.doc.toString();
  let from = 0;
  while (from < old.length && from < text.length && old[from] === text[from]) from += 1;
  let end = 0;
  const most = Math.min(old.length, text.length) - from;
  while (end < most && old.at(-1 - end) === text.at(-1 - end)) end += 1;
  const changes = { from, to: old.length - end, insert: text.slice(from, text.length - end) };
  if (old !== text) view.dispatch({ changes });
}

/** After Escape, Tab leaves the editor, unless Escape closed a list of completions. */
function leavable(view) {
  if (completionStatus(view.state) !== "active") temporarilySetTabFocusMode(view);
  return false;
}

export function mountEditor(form) {
  const field = form.elements.text;
  const isViewer = "viewer" in form.dataset;
  const original = "merge" in form.dataset ? json("original") : null;
  const begun = field.value;
  const verdict = document.getElementById("verdict");
  const findings = document.getElementById("findings");
  const table = tables();
  let names = json("told")?.names ?? [];
  let isLeaving = false;
  let beside = () => {};

  const heard = (told, text) => {
    if (view.state.doc.toString() !== text) return;
    if (told.names.length) names = told.names;
    mark(view, told.findings);
    list(findings, view, told.findings, table);
    verdict.textContent = told.counted;
    verdict.dataset.worst = told.worst || "good";
    form.dataset.checked = told.is_thorough ? "thorough" : "prompt";
    beside(told, text);
  };
  const failed = (error) => {
    const status = error.problem?.status;
    verdict.dataset.worst = "error";
    verdict.textContent =
      status === 401
        ? "You are signed out. Sign in again in another tab; this text stays."
        : (error.problem?.detail ?? "The page does not answer; this text stays.");
  };
  const checking = new Checking(heard, failed);

  const changed = () => view.state.doc.toString() !== begun;
  const save = () => {
    if (!isViewer) form.requestSubmit(document.getElementById("save"));
    return true;
  };
  const tidy = async () => {
    const text = view.state.doc.toString();
    const told = await ask("/api/language/tidy", { method: "POST", body: { text } }).catch(failed);
    if (told && view.state.doc.toString() === text) setText(view, told.text);
    view.focus();
  };

  const view = new EditorView({
    state: EditorState.create({
      doc: begun,
      extensions: [
        Prec.highest(keymap.of([{ key: "Escape", run: leavable }])), // before that of completion
        lintGutter(),
        lineNumbers(),
        foldGutter(),
        highlightActiveLineGutter(),
        highlightActiveLine(),
        drawSelection(),
        history(),
        indent,
        indentUnit.of("  "),
        EditorState.tabSize.of(2),
        EditorState.readOnly.of(isViewer),
        bracketMatching(),
        closeBrackets(),
        highlightSelectionMatches(),
        yaml(),
        wordMarks,
        looks,
        notes,
        autocompletion({
          override: [completing(table, () => names, form.dataset.files?.split(" ") ?? [])],
          activateOnTypingDelay: 50,
          icons: false,
        }),
        hovering(table, () => names),
        original === null ? [] : unifiedMergeView({ original, mergeControls: true, gutter: true }),
        EditorState.phrases.of({ Accept: "Keep mine", Reject: "Take theirs" }),
        EditorView.contentAttributes.of({
          "aria-label": "Strategy, as YAML. Escape, then Tab leaves the editor.",
          spellcheck: "false",
          autocapitalize: "none",
          tabindex: "0",
        }),
        keymap.of([
          { key: "Mod-s", run: save, preventDefault: true },
          { key: "Shift-Alt-f", run: () => (tidy(), true), preventDefault: true },
          ...closeBracketsKeymap,
          ...completionKeymap,
          ...lintKeymap,
          ...searchKeymap,
          ...historyKeymap,
          ...foldKeymap,
          ...defaultKeymap,
          { key: "Tab", run: indentMore, shift: indentLess },
        ]),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          const text = update.state.doc.toString();
          field.value = text;
          form.toggleAttribute("data-changed", text !== begun);
          checking.soon(text);
        }),
      ],
    }),
  });
  field.before(view.dom);
  field.hidden = true;
  form.classList.add("mounted");
  beside = mountBeside(view, form);

  form.querySelector("[data-tidy]")?.addEventListener("click", (event) => {
    event.preventDefault();
    tidy();
  });
  form.querySelector("[data-check]")?.remove();
  form.addEventListener("submit", () => {
    field.value = view.state.doc.toString();
    isLeaving = true;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!isLeaving && changed()) event.preventDefault();
  });
  mountChanges(form, view, failed);
  mountNewer(form);

  const told = json("told");
  if (told) heard(told, view.state.doc.toString());
  else verdict.textContent = "checking";
  if (!told?.is_thorough) checking.later(view.state.doc.toString());
  form.dataset.mounted = "";
  return view;
}

/** The button that shows what the text changes, before it is saved. */
function mountChanges(form, view, failed) {
  const button = document.getElementById("changes");
  const place = document.getElementById("difference");
  if (!button || !place) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const body = new URLSearchParams({ text: view.state.doc.toString(), base: form.elements.base.value });
    const headers = {
      "x-csrftoken": document.querySelector("meta[name=csrf-token]").content,
      "hx-request": "true",
    };
    const address = `/strategies/${form.dataset.name}/difference`;
    const answer = await fetch(address, { method: "POST", body, headers }).catch(failed);
    if (!answer) return;
    place.innerHTML = await answer.text();
    window.htmx?.process(place);
    place.focus({ preventScroll: true });
    place.scrollIntoView({ block: "nearest" });
  });
}
