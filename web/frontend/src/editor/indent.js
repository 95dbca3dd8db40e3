// How far a new line is indented: as the one before it, two more below a key without a value.
import { indentService } from "@codemirror/language";

const STEP = 2;

export const indent = indentService.of((context, position) => {
  const before = context.lineAt(position, -1);
  const [, blank, dashes, body] = /^(\s*)((?:- +)*)(.*)$/.exec(before.text);
  const opens = /^[A-Za-z_]\w*:\s*(#.*)?$/.test(body);
  return blank.length + dashes.length + (opens ? STEP : 0);
});
