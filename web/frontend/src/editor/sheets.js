// CodeMirror makes its style sheets as it runs. As <style> elements the policy of our pages would
// refuse them; adopted by the document they are allowed, and nothing inline is needed.
import { StyleModule } from "style-mod";

const sheets = new Map();

function sheetOf(module) {
  let sheet = sheets.get(module);
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(module.getRules());
    sheets.set(module, sheet);
  }
  return sheet;
}

StyleModule.mount = (root, modules) => {
  const place = root.adoptedStyleSheets ? root : document;
  const wanted = [modules].flat().map(sheetOf);
  const others = place.adoptedStyleSheets.filter((sheet) => !wanted.includes(sheet));
  place.adoptedStyleSheets = [...others, ...wanted];
};
