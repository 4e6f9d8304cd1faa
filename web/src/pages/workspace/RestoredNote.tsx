import styles from "./CommitBar.module.css";

/** Says that drafts of an earlier visit are shown. */
export function RestoredNote({ at, onKeep, onDiscard }: { at: number; onKeep: () => void; onDiscard: () => void }) {
  return (
    <p role="status" className={styles.bar}>
      Your draft from {new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })} is back.
      <span className={styles.actions}>
        <button className="quiet" onClick={onDiscard}>Discard it</button>
        <button onClick={onKeep}>Keep it</button>
      </span>
    </p>
  );
}
