// The words of the language within a value: numbers with their units, functions, logic.
import { Decoration, MatchDecorator, ViewPlugin } from "@codemirror/view";

const LOGIC = new Set([..."and or not in of if else exists since where across before after".split(" ")]);
const WORD = /#.*$|"[^"]*"(?=\s*:)|[A-Za-z_][\w.]*(?=\()|\b(?:and|or|not|in|of|if|else|exists|since|where|across|before|after)\b(?!:)|\b\d+(?:\.\d+)?(?:\s?(?:min|h|bars?|pt|ticks?|contracts?|R|%)(?!\w))?/g;

function kindOf(found) {
  if (found[0].startsWith("#") || found[0].startsWith('"')) return null;
  if (/^\d/.test(found[0])) return "w-number";
  return LOGIC.has(found[0]) ? "w-logic" : "w-call";
}

const marks = Object.fromEntries(
  ["w-number", "w-logic", "w-call"].map((name) => [name, Decoration.mark({ class: name })]),
);

const matcher = new MatchDecorator({
  regexp: WORD,
  decorate(add, from, to, found) {
    const kind = kindOf(found);
    if (kind) add(from, to, marks[kind]);
  },
});

export const words = ViewPlugin.define(
  (view) => ({
    decorations: matcher.createDeco(view),
    update(change) {
      this.decorations = matcher.updateDeco(change, this.decorations);
    },
  }),
  { decorations: (plugin) => plugin.decorations },
);
