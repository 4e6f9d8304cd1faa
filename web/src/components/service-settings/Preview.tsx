import { ProblemPanel } from "../ProblemPanel";
import styles from "./ServiceSettings.module.css";
import { diffLines, type Line } from "./line-diff";
import type { useSettings } from "./use-settings";

const MARKS: Record<Line["kind"], string> = { same: " ", removed: "−", added: "+" };

/** What the commit will change of the text, what the server says to it, and the commit itself. */
export function Preview({ settings }: { settings: ReturnType<typeof useSettings> }) {
  const { text = "", nextText = "", isChanged, problems, commit, discard } = settings;
  if (!isChanged) return <p className={styles.quiet}>What you change is shown here as a change of service.yaml, before it is a commit.</p>;
  return (
    <section aria-label="Change of service.yaml" className={styles.preview}>
      <pre className={styles.diff}>
        {diffLines(text, nextText).map(({ kind, text: line }, index) => (
          <span key={index} className={styles[kind]}>{`${MARKS[kind]} ${line}`}</span>
        ))}
      </pre>
      {problems.length > 0 && (
        <ul role="alert" aria-label="Problems" className={styles.problems}>
          {problems.map(({ file, line, detail, hint }, index) => (
            <li key={index}><code>{file}{line !== undefined && `:${line}`}</code> {detail}{hint && <span className="muted"> · {hint}</span>}</li>
          ))}
        </ul>
      )}
      {commit.error && <ProblemPanel error={commit.error} />}
      <div className={styles.actions}>
        <button className="primary" disabled={commit.isPending || problems.length > 0} onClick={() => { commit.mutate(); }}>
          {commit.isPending ? "Committing…" : "Commit & deploy"}
        </button>
        <button onClick={discard}>Discard</button>
      </div>
    </section>
  );
}
