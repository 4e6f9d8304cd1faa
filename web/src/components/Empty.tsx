import type { ReactNode } from "react";
import styles from "./Empty.module.css";

interface Props {
  title: string;
  /** There is nothing else on the page. */
  isPage?: boolean;
  children?: ReactNode;
}

/** Where there is nothing to show: one sentence, and what to do about it. */
export function Empty({ title, isPage = false, children }: Props) {
  const Heading = isPage ? "h1" : "h2";
  return (
    <section className={styles.empty}>
      <Heading>{title}</Heading>
      <div className="muted">{children}</div>
    </section>
  );
}
