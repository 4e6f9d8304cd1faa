/** The place of the editor, which is loaded when it is first needed. */
import { Suspense, lazy } from "react";
import type { ShownFile } from "../use-files";
import type { Mark, Target } from "./marks";
import styles from "./EditorPane.module.css";

const CodeEditor = lazy(() => import("./CodeEditor"));

interface Props {
  file: ShownFile;
  problems: Mark[];
  goTo: Target;
  onChange: (text: string) => void;
}

export function EditorPane({ file, problems, goTo, onChange }: Props) {
  if (file.isBinary) return <p className={styles.note}>{file.path} is not text: it can be replaced with git.</p>;
  return (
    <div className={styles.pane}>
      <Suspense>
        {file.text !== undefined && (
          <CodeEditor path={file.path} text={file.text} problems={problems} goTo={goTo} onChange={onChange} />
        )}
      </Suspense>
      <p id="editor-help" className="hidden">
        Tab indents. To leave the editor with the keyboard, press Escape, then Tab.
      </p>
    </div>
  );
}
