/** What is unsaved, and the commit that takes it live. */
import type { UseMutationResult } from "@tanstack/react-query";
import { useState } from "react";
import { isConflict } from "@/api/problems";
import { Keys } from "@/components/actions/Keys";
import { useAction } from "@/components/actions/registry";
import { ProblemPanel } from "@/components/ProblemPanel";
import type { ChangesLanding } from "@/api/schema";
import type { Save } from "./use-commit";
import styles from "./CommitBar.module.css";

interface Props {
  commit: UseMutationResult<ChangesLanding, Error, Save>;
  count: number;
  /** Is a message asked for? */
  asks: boolean;
  onAsk: (asks: boolean) => void;
  /** Without a message, it is asked for where that is preferred. */
  onSave: (message?: string) => void;
}

export function CommitBar({ commit, count, asks, onAsk, onSave }: Props) {
  const [message, setMessage] = useMessage(commit);
  useAction({ name: "Commit with a message…", keys: "Mod+Shift+s", run: () => { onAsk(true); } });
  return (
    <footer className={styles.bar}>
      {commit.error && !isConflict(commit.error) && <ProblemPanel error={commit.error} />}
      {asks && (
        <form
          className={styles.message}
          onSubmit={(event) => {
            event.preventDefault();
            onSave(message);
            onAsk(false);
          }}
        >
          <input
            name="message"
            aria-label="Commit message"
            placeholder="What changes, and for whom"
            autoFocus
            value={message}
            onFocus={(event) => { event.target.select(); }}
            onChange={(event) => { setMessage(event.target.value); }}
          />
          <button disabled={count === 0}>Commit</button>
          <button type="button" className="quiet" onClick={() => { onAsk(false); }}>Cancel</button>
        </form>
      )}
      <span role="status">{say(commit, count)}</span>
      <span className={styles.actions}>
        <button className="quiet" onClick={() => { onAsk(!asks); }} disabled={count === 0}>Message… <Keys keys="Mod+Shift+s" /></button>
        <button className="primary" onClick={() => { onSave(); }} disabled={count === 0 || commit.isPending}>
          Commit &amp; deploy <Keys keys="Mod+s" />
        </button>
      </span>
    </footer>
  );
}

/** What was typed as the message: kept until a commit has it, however often that is refused, merged or put off. */
function useMessage({ data, variables }: Props["commit"]) {
  const [message, setMessage] = useState("");
  const [seen, setSeen] = useState(data);
  if (data !== seen) {
    setSeen(data);
    if (data !== undefined && variables.message !== undefined) setMessage("");
  }
  return [message, setMessage] as const;
}

function say(commit: Props["commit"], count: number): string {
  if (commit.isPending) return "Committing…";
  if (count > 0) return `${count} unsaved`;
  if (commit.data === undefined) return "No changes";
  return `Committed ${commit.data.commit.sha.slice(0, 7)}${commit.data.merged ? ", merged with others' changes" : ""}`;
}
