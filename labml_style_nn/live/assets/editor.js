/* An editor for Python in the place of a block of code: CodeMirror, in the colours of the
 * site. Tab indents, so Escape leaves: nobody is caught in it. */

import { t } from "../words.js";
import {
  defaultKeymap,
  history,
  historyKeymap,
  indentWithTab,
} from "./vendor/codemirror-commands.js";
import { python } from "./vendor/codemirror-lang-python.js";
import {
  bracketMatching,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from "./vendor/codemirror-language.js";
import { EditorState } from "./vendor/codemirror-state.js";
import {
  drawSelection,
  EditorView,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "./vendor/codemirror-view.js";
import { classHighlighter } from "./vendor/lezer-highlight.js";

/** @typedef {{run(): void, leave(): void, change(text: string): void}} Heard what it tells */

function keys(heard) {
  const run = () => (heard.run(), true);
  const own = [
    { key: "Shift-Enter", run },
    { key: "Mod-Enter", run },
    { key: "Escape", run: () => (heard.leave(), true) },
  ];
  return keymap.of([...own, ...defaultKeymap, ...historyKeymap, indentWithTab]);
}

function told(label) {
  return EditorView.contentAttributes.of({
    "aria-label": label,
    "aria-description": t("Shift and Enter run it, Escape leaves it"),
    tabindex: "0",
    autocorrect: "off",
    autocapitalize: "off",
  });
}

/** @param {Heard} heard */
export function editor(text, label, heard, { numbered = false } = {}) {
  const view = new EditorView({
    state: EditorState.create({
      doc: text,
      extensions: [
        keys(heard),
        told(label),
        ...(numbered ? [lineNumbers()] : []),
        history(),
        drawSelection(),
        highlightSpecialChars(),
        python(),
        indentUnit.of("    "),
        indentOnInput(),
        bracketMatching(),
        syntaxHighlighting(classHighlighter),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) heard.change(update.state.doc.toString());
        }),
      ],
    }),
  });
  return view;
}

/** Put another text in the place of what is there; it can be undone. */
export function replace(view, text) {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
}

/** Bring a line to the top of the editor, with the cursor on it. The page stays in place. */
export function show(view, number) {
  const { from } = view.state.doc.line(number);
  view.dispatch({ selection: { anchor: from } });
  view.requestMeasure({
    read: () => view.lineBlockAt(from).top,
    write: (top) => (view.scrollDOM.scrollTop = top),
  });
}
