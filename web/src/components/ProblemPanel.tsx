import { explain } from "@/api/problems";
import styles from "./ProblemPanel.module.css";

/** A problem in words: what, why, what next, and the request to ask about. */
export function ProblemPanel({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, where, detail, hint, requestId } = explain(error);
  return (
    <div role="alert" className={styles.panel}>
      <strong>{title}</strong>
      {detail && <p>{where && <code>{where} </code>}{detail}</p>}
      {hint && <p className="muted">{hint}</p>}
      {(onRetry ?? requestId) && (
        <p className={styles.foot}>
          {onRetry && <button onClick={onRetry}>Try again</button>}
          {requestId && <span className="muted">request <code>{requestId}</code></span>}
        </p>
      )}
    </div>
  );
}
