import type { ReactNode } from "react";
import { Copy } from "./Copy";
import styles from "./ShownOnce.module.css";

interface Props {
  title: string;
  note: string;
  /** Each line can be copied: what it is, and the text. */
  lines: [label: string, text: string][];
  onDone: () => void;
  children?: ReactNode;
}

/** Something secret that has just been made, and cannot be had again. */
export function ShownOnce({ title, note, lines, onDone, children }: Props) {
  return (
    <section aria-label={title} className={styles.once}>
      <strong role="status">{title}</strong>
      <p className="muted">{note}</p>
      {lines.map(([label, text]) => <CopyLine key={label} label={label} text={text} />)}
      {children}
      <button onClick={onDone}>Done</button>
    </section>
  );
}

/** A text in full, with a button that copies it. */
export function CopyLine({ label, text }: { label: string; text: string }) {
  return (
    <div className={styles.line}>
      <pre aria-label={label} role="group">{text}</pre>
      <Copy text={text} label={label} />
    </div>
  );
}
