import { useId, type ReactNode } from "react";
import styles from "./Field.module.css";

/** What the control of a field is given. */
interface Control {
  id: string;
  "aria-describedby": string;
  "aria-invalid": boolean;
}

interface Props {
  label: string;
  hint?: string | undefined;
  error?: string | false | null | undefined;
  children: (control: Control) => ReactNode;
}

/** A labelled control with a word on what it takes, and what is wrong with it. */
export function Field({ label, hint, error, children }: Props) {
  const id = useId();
  const isWrong = Boolean(error);
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-describedby": `${id}-note`, "aria-invalid": isWrong })}
      <p id={`${id}-note`} role={isWrong ? "alert" : undefined} className={isWrong ? styles.error : "muted"}>
        {isWrong ? error : hint}
      </p>
    </div>
  );
}
