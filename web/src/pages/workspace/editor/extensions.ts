/** What the editor can do, and how it looks: only colours of styles/tokens.css, so it follows the theme by itself. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, type Extension } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { helpDescriptor } from "./descriptor/help";

/** On a change that the page has made, not the person. */
export const isOurs = Annotation.define<boolean>();

/** ⌘↵ is the page's: it sends the request. */
const KEYS = [...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap];
const OURS = KEYS.filter(({ key }) => key !== "Mod-Enter");

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword], color: "var(--syn-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--syn-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--syn-number)" },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.className, tags.propertyName], color: "var(--syn-name)" },
  { tag: [tags.comment, tags.docComment], color: "var(--syn-comment)", fontStyle: "italic" },
  { tag: tags.invalid, color: "var(--failed)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", backgroundColor: "transparent", color: "var(--text)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", fontSize: "var(--code)", lineHeight: "1.55" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--muted)", border: "none", paddingLeft: "0.25rem" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--hover) 55%, transparent)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 25%, transparent)",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--selected)" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--line-strong)" },
  ".cm-explanation": { maxWidth: "32rem", margin: "0", padding: "0.25rem 0.5rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--selected)", color: "var(--text)" },
  ".cm-completionDetail": { color: "var(--muted)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--failed)" },
});

export function extensionsFor(path: string, onChange: (text: string) => void): Extension[] {
  return [
    lineNumbers(),
    lintGutter(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ icons: false }),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    search({ top: true }),
    syntaxHighlighting(colours),
    look,
    languageOf(path),
    keymap.of([...OURS, indentWithTab]),
    EditorView.contentAttributes.of({ tabindex: "0", "aria-label": path, "aria-describedby": "editor-help" }),
    EditorView.updateListener.of(({ docChanged, state, transactions }) => {
      const isTyped = docChanged && !transactions.some((transaction) => transaction.annotation(isOurs));
      if (isTyped) onChange(state.doc.toString());
    }),
  ];
}

function languageOf(path: string): Extension {
  if (path.endsWith(".py")) return [python(), indentUnit.of("    ")];
  if (path === "service.yaml") return [yaml(), helpDescriptor()];
  return /\.ya?ml$/.test(path) ? yaml() : [];
}
