import { useId } from "react";
import { showModal } from "@/components/modal";
import styles from "./ConfirmDialog.module.css";

interface Props {
  title: string;
  text: string;
  /** What is done: the word on the button. */
  verb: string;
  onConfirm: () => void;
  onCancel: () => void;
}

/** Asks once before what cannot be taken back. Escape and the other button leave everything as it is. */
export function ConfirmDialog({ title, text, verb, onConfirm, onCancel }: Props) {
  const id = useId();
  return (
    <dialog
      ref={showModal}
      role="alertdialog"
      aria-labelledby={id}
      aria-describedby={`${id}-text`}
      className={styles.dialog}
      onCancel={onCancel}
    >
      <h2 id={id}>{title}</h2>
      <p id={`${id}-text`}>{text}</p>
      <div className={styles.actions}>
        <button autoFocus onClick={onCancel}>Cancel</button>
        <button className="danger" onClick={onConfirm}>{verb}</button>
      </div>
    </dialog>
  );
}
