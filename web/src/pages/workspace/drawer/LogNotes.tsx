/** What is said above the lines of a log: which they are, what is missing, and why there are none. */
import { Link } from "react-router";
import { ProblemPanel } from "@/components/ProblemPanel";
import type { LogFilter } from "./log-filter";
import styles from "./Logs.module.css";

interface Props {
  filter: LogFilter;
  link: (change: Partial<LogFilter>) => string;
  /** How many lines came before those that are kept. */
  dropped: number;
  isEmpty: boolean;
  /** There are lines, but none of them is wanted. */
  isNarrow: boolean;
  /** The previous instance's lines are still on their way. */
  isReading: boolean;
  error: unknown;
  onRetry: () => void;
}

export function LogNotes({ filter: { request, instance }, link, dropped, isEmpty, isNarrow, isReading, error, onRetry }: Props) {
  const isPrevious = instance === "previous";
  return (
    <>
      {isPrevious && (
        <p role="status" className={`${styles.note ?? ""} ${styles.previous ?? ""}`}>
          From the previous instance: what the process before the running one has said.{" "}
          <Link to={link({ instance: "" })}>Back to the running instance</Link>
        </p>
      )}
      {request !== "" && (
        <p className={styles.note}>
          Only what request <code>{request}</code> has said. <Link to={link({ request: "" })}>All lines</Link>
        </p>
      )}
      {dropped > 0 && <p className={styles.note}>{dropped.toLocaleString("en")} earlier lines are not kept here.</p>}
      {isPrevious && error !== null && <ProblemPanel error={error} onRetry={onRetry} />}
      {isEmpty && (!isPrevious || error === null) && <p className={styles.note}>{sayNothing(isNarrow, isPrevious, isReading)}</p>}
    </>
  );
}

function sayNothing(isNarrow: boolean, isPrevious: boolean, isReading: boolean): string {
  if (isNarrow) return "No line is like that.";
  if (!isPrevious) return "No output yet. What the handler prints and logs appears here.";
  return isReading ? "Loading…" : "No process before the running one is known, or it has said nothing.";
}
