/** Others have changed the same lines: for each file both versions and a choice, and one commit of all. Nothing is overwritten unseen. */
import type { Dispatch } from "react";
import { isConflict } from "@/api/problems";
import { showModal } from "@/components/modal";
import { ProblemPanel } from "@/components/ProblemPanel";
import { useToast } from "@/components/Toasts";
import type { DraftAction, Drafts } from "../drafts";
import type { Commit } from "../use-commit";
import { MergeFile } from "./MergeFile";
import styles from "./MergePanel.module.css";
import { countLeft, decide } from "./merges";

interface Props {
  drafts: Drafts;
  commit: Commit;
  dispatch: Dispatch<DraftAction>;
}

export function MergePanel({ drafts, commit, dispatch }: Props) {
  const { texts: typed, pinned, merges } = drafts;
  const toast = useToast();
  const files = Object.entries(merges).sort(([one], [other]) => one.localeCompare(other));
  const left = countLeft(merges);
  const next = files.find(([, { choice }]) => choice === null)?.[0];
  const { texts, bases, taken } = decide(typed, merges);
  const isCommit = Object.keys(texts).length > 0;
  /** Theirs were taken, and mine can be had back. */
  const offer = (base: string) => {
    const paths = Object.keys(taken);
    if (paths.length === 0) return;
    const undo = () => {
      for (const [path, text] of Object.entries(taken)) dispatch({ type: "edit", path, text, saved: null, base });
    };
    toast({ text: `Took theirs in ${paths.join(", ")}`, action: { label: "Undo", run: undo } });
  };
  const finish = () => {
    if (commit.isPending || left > 0) return;
    if (isCommit) {
      const message = commit.variables?.message ?? `Merge ${Object.keys(texts).join(", ")}`;
      commit.mutate({ texts, base: pinned, message, decided: { bases, taken } }, { onSuccess: ({ commit: { sha } }) => { offer(sha); } });
      return;
    }
    commit.reset();
    dispatch({ type: "landed", sent: taken, isDecided: true, commit: null, isNext: true });
    offer(files[0]?.[1].base ?? "");
  };
  return (
    <dialog ref={showAtNext} aria-label="Merge" className={styles.panel} onCancel={commit.reset}>
      <form onSubmit={(event) => { event.preventDefault(); finish(); }}>
        <h2>Somebody else has changed the same lines</h2>
        <p className="muted">Left is what is on main now, right is yours. Each file is decided by itself; then all of it is one commit.</p>
        {files.map(([path, merge]) => (
          <MergeFile key={`${path} ${merge.theirsSha ?? ""}`} path={path} mine={typed[path] ?? ""} merge={merge} isNext={path === next} dispatch={dispatch} />
        ))}
        {commit.error && !isConflict(commit.error) && <ProblemPanel error={commit.error} />}
        <p className={styles.foot}>
          <span role="status">{commit.isPending ? "Committing…" : sayLeft(left, files.length)}</span>
          <button type="button" onClick={commit.reset}>Cancel</button>
          <button className="primary" disabled={left > 0}>{left > 0 || isCommit ? "Commit & deploy" : "Drop mine, there is nothing to commit"}</button>
        </p>
      </form>
    </dialog>
  );
}

/** The keys are at what is to be decided next; the browser itself would begin at the top. */
function showAtNext(dialog: HTMLDialogElement): () => void {
  const close = showModal(dialog);
  dialog.querySelector<HTMLElement>("[data-next]")?.focus();
  return close;
}

function sayLeft(left: number, all: number): string {
  if (left === 0) return all === 1 ? "Decided" : `All ${all} files are decided`;
  return all === 1 ? "To be decided" : `${left} of ${all} files left to decide`;
}
