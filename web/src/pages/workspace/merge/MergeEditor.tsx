/** Two versions of a file side by side, theirs to read, mine to read or, where they are merged, to edit. */
import { MergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useEffectEvent, useRef } from "react";
import { extensionsFor } from "../editor/extensions";
import { adoptStyles } from "../editor/style-sheets";
import styles from "./MergePanel.module.css";

adoptStyles();

const reading = EditorState.readOnly.of(true);

interface Props {
  path: string;
  theirs: string;
  mine: string;
  isEdited: boolean;
  onChange: (text: string) => void;
}

export default function MergeEditor({ path, theirs, mine, isEdited, onChange }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const tell = useEffectEvent(onChange);
  const open = useEffectEvent((parent: HTMLElement) => {
    const right = isEdited ? name(`${path}, merged`) : [reading, name(`${path}, mine`)];
    return new MergeView({
      parent,
      a: { doc: theirs, extensions: [reading, name(`${path} on main`), extensionsFor(path, () => undefined)] },
      b: { doc: mine, extensions: [right, extensionsFor(path, (text) => { tell(text); })] },
      ...(isEdited ? { revertControls: "a-to-b", renderRevertControl } : {}),
    });
  });
  useEffect(() => {
    if (place.current === null) return;
    const view = open(place.current);
    return () => {
      view.destroy();
    };
  }, []);
  return <div ref={place} className={styles.editor} />;
}

function name(label: string): Extension {
  return EditorView.contentAttributes.of({ "aria-label": label });
}

function renderRevertControl(): HTMLElement {
  const button = document.createElement("button");
  button.type = "button";
  button.title = "Take this part of theirs";
  button.setAttribute("aria-label", button.title);
  button.textContent = "→";
  return button;
}
