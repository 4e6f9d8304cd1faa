import { useId, useState } from "react";
import { readText } from "@/components/form";
import styles from "./FileTree.module.css";

interface Props {
  label: string;
  verb: string;
  initial: string;
  placeholder?: string;
  /** Why it cannot be that; null where it can. */
  refuse: (typed: string) => string | null;
  /** What the server said of it. */
  fault?: string | undefined;
  isPending?: boolean;
  onSubmit: (typed: string) => void;
  onCancel: () => void;
}

/** Where a file is to be. What was typed stays until it is done or given up with Escape. */
export function PathForm({ label, verb, initial, placeholder, refuse, fault, isPending = false, onSubmit, onCancel }: Props) {
  const id = useId();
  const [refused, setRefused] = useState<string | null>(null);
  const wrong = refused ?? fault;
  return (
    <form
      className={styles.form}
      onClick={(event) => { event.stopPropagation(); }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onCancel();
      }}
      onSubmit={(event) => {
        event.preventDefault();
        const typed = readText(event.currentTarget, "path");
        const why = refuse(typed);
        setRefused(why);
        if (why === null && !isPending) onSubmit(typed);
      }}
    >
      <input
        ref={selectName}
        name="path"
        aria-label={label}
        aria-describedby={`${id}-note`}
        aria-invalid={wrong !== undefined}
        placeholder={placeholder}
        defaultValue={initial}
        autoComplete="off"
        spellCheck={false}
        onChange={() => { setRefused(null); }}
      />
      <p id={`${id}-note`} role={wrong === undefined ? undefined : "alert"} className={wrong === undefined ? "muted" : styles.wrong}>
        {wrong ?? `Enter: ${verb}. Escape: leave it.`}
      </p>
    </form>
  );
}

/** The name without what it ends with: that is what is typed anew most often. */
function selectName(input: HTMLInputElement | null): void {
  if (input === null || document.activeElement === input) return;
  input.focus();
  const from = input.value.lastIndexOf("/") + 1;
  const dot = input.value.lastIndexOf(".");
  input.setSelectionRange(from, dot > from ? dot : input.value.length);
}
