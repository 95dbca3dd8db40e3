// The page of a strategy: its editor, what lies beside it, and what a change does.
import { mountEditor } from "./editor/desk.js";

const form = document.querySelector("form[data-editor]");
if (form) mountEditor(form);
