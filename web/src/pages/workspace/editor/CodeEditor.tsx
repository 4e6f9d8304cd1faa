/** CodeMirror as a component. Each file keeps its own cursor, selection and history while the page is open. */
import { setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { EditorState, type Text } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useEffectEvent, useRef } from "react";
import { extensionsFor, isOurs } from "./extensions";
import type { Mark, Target } from "./marks";
import { adoptStyles } from "./style-sheets";

adoptStyles();

interface Props {
  path: string;
  text: string;
  problems: Mark[];
  goTo: Target;
  onChange: (text: string) => void;
}

export default function CodeEditor({ path, text, problems, goTo, onChange }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const kept = useRef(new Map<string, EditorState>());
  const tell = useEffectEvent(onChange);
  const begin = useEffectEvent(() => EditorState.create({ doc: text, extensions: extensionsFor(path, (now) => { tell(now); }) }));

  useEffect(() => {
    if (place.current === null) return;
    const opened = new EditorView({ parent: place.current });
    view.current = opened;
    return () => {
      opened.destroy();
    };
  }, []);

  useEffect(() => {
    const states = kept.current;
    view.current?.setState(states.get(path) ?? begin());
    return () => {
      if (view.current) states.set(path, view.current.state);
    };
  }, [path]);

  useEffect(() => {
    if (view.current) replaceText(view.current, text);
  }, [path, text]);

  useEffect(() => {
    const opened = view.current;
    if (opened) opened.dispatch(setDiagnostics(opened.state, problems.map((mark) => locate(mark, opened.state.doc))));
  }, [path, problems, text]);

  useEffect(() => {
    const opened = view.current;
    if (opened === null) return;
    if (goTo.line === null) {
      if (isFocusFree()) opened.focus();
      return;
    }
    const { from } = opened.state.doc.line(Math.min(goTo.line, opened.state.doc.lines));
    opened.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    opened.focus();
  }, [path, goTo.line, goTo.key]);

  return <div ref={place} />;
}

/** It comes late: who has gone elsewhere with the keyboard meanwhile stays there. */
function isFocusFree(): boolean {
  const held = document.activeElement;
  return held === null || held === document.body || held.id === "main";
}

/** What others have changed, as one change of the differing middle, so that the cursor stays where it is. */
function replaceText(view: EditorView, text: string): void {
  const now = view.state.doc.toString();
  if (now === text) return;
  const shorter = Math.min(now.length, text.length);
  let from = 0;
  while (from < shorter && now[from] === text[from]) from += 1;
  let end = 0;
  while (end < shorter - from && now.at(-1 - end) === text.at(-1 - end)) end += 1;
  const insert = text.slice(from, text.length - end);
  view.dispatch({ changes: { from, to: now.length - end, insert }, annotations: isOurs.of(true) });
}

function locate({ line, column, text }: Mark, document: Text): Diagnostic {
  const found = document.line(Math.min(Math.max(line, 1), document.lines));
  const from = Math.min(found.from + column - 1, found.to);
  return { from, to: found.to, severity: "error", message: text };
}
