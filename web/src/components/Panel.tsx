import { useId, type ReactNode } from "react";
import styles from "./Panel.module.css";

interface Props {
  title: string;
  note?: ReactNode;
  /** What stands beside the title: a button, mostly. */
  side?: ReactNode;
  children: ReactNode;
}

/** A part of a page with a title: what it is about, then what can be done. */
export function Panel({ title, note, side, children }: Props) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={styles.panel}>
      <header className={styles.head}>
        <div>
          <h2 id={id}>{title}</h2>
          {note && <p className="muted">{note}</p>}
        </div>
        {side}
      </header>
      {children}
    </section>
  );
}
