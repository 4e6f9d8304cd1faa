/** Two versions of a file side by side, theirs to read, mine to edit. */
import { MergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useEffectEvent, useRef } from "react";
import { extensionsFor } from "../editor/extensions";
import { adoptStyles } from "../editor/style-sheets";
import styles from "./MergePanel.module.css";

adoptStyles();

interface Props {
  path: string;
  theirs: string;
  mine: string;
  onChange: (text: string) => void;
}

export default function MergeEditor({ path, theirs, mine, onChange }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const tell = useEffectEvent(onChange);
  const open = useEffectEvent((parent: HTMLElement) => {
    const reading = [EditorState.readOnly.of(true), EditorView.contentAttributes.of({ "aria-label": `${path} on main` })];
    return new MergeView({
      parent,
      a: { doc: theirs, extensions: [reading, extensionsFor(path, () => undefined)] },
      b: { doc: mine, extensions: extensionsFor(path, (text) => { tell(text); }) },
      revertControls: "a-to-b",
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
