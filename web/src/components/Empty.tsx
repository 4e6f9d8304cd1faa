import type { ReactNode } from "react";
import styles from "./Empty.module.css";

/** Where there is nothing to show: one sentence, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <section className={styles.empty}>
      <h2>{title}</h2>
      <div className="muted">{children}</div>
    </section>
  );
}
