import { useId, type ReactElement, cloneElement, type HTMLAttributes } from "react";
import styles from "./Field.module.css";

interface Props {
  label: string;
  hint?: string | undefined;
  error?: string | false | undefined;
  children: ReactElement<HTMLAttributes<HTMLElement>>;
}

/** A labelled control with a word on what it takes, and what is wrong with it. */
export function Field({ label, hint, error, children }: Props) {
  const id = useId();
  const control = { id, "aria-describedby": `${id}-note`, ...(error ? { "aria-invalid": true } : {}) };
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {cloneElement(children, control)}
      <p id={`${id}-note`} role={error ? "alert" : undefined} className={error ? styles.error : "muted"}>
        {error || hint}
      </p>
    </div>
  );
}
