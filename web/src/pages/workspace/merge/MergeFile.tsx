/** One file that both sides have changed: the choice, and both versions side by side. */
import { Suspense, lazy, type Dispatch } from "react";
import type { DraftAction } from "../drafts";
import styles from "./MergePanel.module.css";
import { canMerge, type Choice, type Merge } from "./merges";

const MergeEditor = lazy(() => import("./MergeEditor"));
const CHOICES: Record<Choice, string> = { mine: "Keep mine", theirs: "Take theirs", merge: "Merge" };

interface Props {
  path: string;
  mine: string;
  merge: Merge;
  /** Is it the first that is to be decided? Then the keys are here. */
  isNext: boolean;
  dispatch: Dispatch<DraftAction>;
}

export function MergeFile({ path, mine, merge, isNext, dispatch }: Props) {
  const { theirs, choice, merged, hasMoved } = merge;
  const isEdited = choice === "merge";
  const names = (Object.keys(CHOICES) as Choice[]).filter((name) => name !== "merge" || canMerge(merge));
  return (
    <section aria-label={path} className={styles.file}>
      <fieldset className={styles.choices}>
        <legend className="mono">{path}</legend>
        {names.map((name, index) => (
          <label key={name}>
            <input
              type="radio"
              name={`choice of ${path}`}
              data-next={isNext && index === 0 ? "" : undefined}
              autoFocus={isNext && index === 0}
              checked={choice === name}
              onChange={() => { dispatch({ type: "choose", path, choice: name }); }}
            />
            {CHOICES[name]}
          </label>
        ))}
      </fieldset>
      {hasMoved && <p role="status" className={styles.moved}>It has changed on main once more: left is what is there now. Please decide again.</p>}
      {theirs === null && <p className="muted">It is not on main any more.</p>}
      {theirs === undefined && <p className="muted">What is on main now is not text.</p>}
      {typeof theirs === "string" && (
        <Suspense>
          <MergeEditor
            key={String(isEdited)}
            path={path}
            theirs={theirs}
            mine={isEdited ? (merged ?? mine) : mine}
            isEdited={isEdited}
            onChange={(text) => { dispatch({ type: "merge", path, text }); }}
          />
        </Suspense>
      )}
    </section>
  );
}
