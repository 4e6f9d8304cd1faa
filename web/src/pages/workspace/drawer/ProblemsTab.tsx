import { findCause } from "@/components/history/traceback";
import { relativePath } from "../operations";
import type { DrawerProps } from "./Drawer";
import styles from "./Drawer.module.css";

/** What the check says of the drafts, and why the newest revision does not run. */
export function ProblemsTab({ service, paths, problems, onOpen }: DrawerProps) {
  const { state, sentence, message } = service.status;
  const place = findCause({ message }, paths);
  if (problems.length === 0 && state !== "failed") return <p className={styles.note}>No problems.</p>;
  return (
    <>
      <ul className={styles.list}>
        {problems.map(({ file, line = 1, detail, hint }, index) => (
          <li key={index}>
            {file !== undefined && (
              <button className="quiet mono" onClick={() => { onOpen({ file: relativePath(service, file), line }); }}>
                {relativePath(service, file)}:{line}
              </button>
            )}
            {detail} {hint && <span className="muted">{hint}</span>}
          </li>
        ))}
        {state === "failed" && (
          <li>
            {place && (
              <button className="quiet mono" onClick={() => { onOpen(place); }}>{place.file}:{place.line}</button>
            )}
            {sentence}
          </li>
        )}
      </ul>
      {state === "failed" && message && <pre className={styles.traceback}>{message}</pre>}
    </>
  );
}
