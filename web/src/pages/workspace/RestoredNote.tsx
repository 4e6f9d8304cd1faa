import type { Dispatch } from "react";
import { useToast } from "@/components/Toasts";
import styles from "./CommitBar.module.css";
import type { DraftAction, Drafts } from "./drafts";

interface Props {
  at: number;
  drafts: Drafts;
  dispatch: Dispatch<DraftAction>;
  onKeep: () => void;
}

/** Says that drafts of an earlier visit are shown, and takes them away where they are not wanted. */
export default function RestoredNote({ at, drafts: { texts, pinned }, dispatch, onKeep }: Props) {
  const toast = useToast();
  const discard = () => {
    const undo = () => {
      for (const [path, text] of Object.entries(texts)) dispatch({ type: "edit", path, text, saved: null, base: pinned ?? "" });
    };
    dispatch({ type: "discard" });
    toast({ text: `Discarded what was unsaved in ${Object.keys(texts).join(", ")}`, action: { label: "Undo", run: undo } });
  };
  return (
    <p role="status" className={styles.bar}>
      Your draft from {new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })} is back.
      <span className={styles.actions}>
        <button className="quiet" onClick={discard}>Discard it</button>
        <button onClick={onKeep}>Keep it</button>
      </span>
    </p>
  );
}
