/** Colours of a text, by the editor's own grammars; loaded when a file is shown. */
import { pythonLanguage } from "@codemirror/lang-python";
import { yamlLanguage } from "@codemirror/lang-yaml";
import { classHighlighter, highlightCode } from "@lezer/highlight";

/** `style`: classes as `tok-keyword`, or "". */
export interface Token {
  text: string;
  style: string;
}

/** The lines of a text in parts; null where its language is not known. */
export function highlightLines(path: string, text: string): Token[][] | null {
  const language = path.endsWith(".py") ? pythonLanguage : /\.ya?ml$/.test(path) ? yamlLanguage : null;
  if (language === null) return null;
  const lines: Token[][] = [[]];
  highlightCode(
    text.replace(/\n$/, ""),
    language.parser.parse(text),
    classHighlighter,
    (part, style) => { lines.at(-1)?.push({ text: part, style }); },
    () => { lines.push([]); },
  );
  return lines;
}
