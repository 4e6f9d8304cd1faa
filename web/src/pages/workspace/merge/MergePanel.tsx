/** Others have changed the same lines: for each file both versions, and a decision. Nothing is overwritten unseen. */
import type { UseMutationResult } from "@tanstack/react-query";
import { Suspense, lazy, useState, type Dispatch } from "react";
import type { ApiProblem } from "@/api/problems";
import type { ChangesLanding, Service } from "@/api/schema";
import { showModal } from "@/components/modal";
import type { DraftAction, Drafts, Texts } from "../drafts";
import { relativePath } from "../operations";
import type { Save } from "../use-commit";
import styles from "./MergePanel.module.css";

const MergeEditor = lazy(() => import("./MergeEditor"));

interface Props {
  service: Service;
  conflict: ApiProblem;
  drafts: Drafts;
  commit: UseMutationResult<ChangesLanding, Error, Save>;
  dispatch: Dispatch<DraftAction>;
}

export function MergePanel({ service, conflict, drafts, commit, dispatch }: Props) {
  const sides = conflict.sides.map((side) => ({ ...side, path: relativePath(service, side.path) }));
  const [merged, setMerged] = useState<Texts>({});
  const mine = Object.fromEntries(sides.map(({ path }) => [path, drafts.texts[path] ?? ""]));
  const commitTexts = (texts: Texts) => {
    const message = `Merge ${Object.keys(texts).join(", ")}`;
    commit.mutate({ texts, base: conflict.problem.head ?? null, message, isDecided: true });
  };
  const takeTheirs = () => {
    for (const { path } of sides) dispatch({ type: "drop", path });
    commit.reset();
  };
  return (
    <dialog ref={showModal} aria-label="Merge" className={styles.panel} onCancel={commit.reset}>
      <h2>Somebody else has changed the same lines</h2>
      <p className="muted">Left is what is on main now, right is yours; the right side can be edited.</p>
      {sides.map(({ path, theirs }) => (
        <section key={path} aria-label={path}>
          <h3 className="mono">{path}</h3>
          {theirs === null || theirs === undefined ? (
            <p className="muted">It is not on main any more.</p>
          ) : (
            <Suspense>
              <MergeEditor
                path={path}
                theirs={theirs}
                mine={mine[path] ?? ""}
                onChange={(text) => { setMerged((known) => ({ ...known, [path]: text })); }}
              />
            </Suspense>
          )}
        </section>
      ))}
      <p className={styles.actions}>
        <button onClick={commit.reset}>Cancel</button>
        <button onClick={takeTheirs}>Take theirs</button>
        <button onClick={() => { commitTexts(mine); }}>Keep mine</button>
        <button className="primary" disabled={commit.isPending} onClick={() => { commitTexts({ ...mine, ...merged }); }}>
          Commit the right side
        </button>
      </p>
    </dialog>
  );
}
