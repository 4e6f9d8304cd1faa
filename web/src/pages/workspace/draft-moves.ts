/** What becomes of drafts when files are renamed or deleted, and of the commit that they are changes of. Pure. */
import type { Drafts, Texts } from "./drafts";
import { isBelow, relocate } from "./tree";

/** A file or a directory (with its slash) has another name; `to` null: it is gone. */
export interface Move {
  from: string;
  to: string | null;
}

/** The ids of files by path. */
export type Versions = Readonly<Record<string, string>>;

/** A commit that took no draft. `before`: the files of `base`, which the drafts were changes of; `after`: its own. */
export interface Step {
  base: string;
  commit: string;
  before: Versions;
  after: Versions;
}

/** `step` null: what was moved was drafts alone. */
export function moveDrafts({ texts, pinned }: Drafts, move: Move | null, step: Step | null): Pick<Drafts, "texts" | "pinned"> {
  const moved = Object.entries(texts).flatMap(([path, text]) => {
    const now = follow(path, move);
    return now === null ? [] : [[now, text] as const];
  });
  return { texts: Object.fromEntries(moved), pinned: step === null ? pinned : choosePinned(texts, pinned, move, step) };
}

/** Where a path is now; null: nowhere. */
export function follow(path: string, move: Move | null): string | null {
  if (move === null || !isBelow(path, move.from)) return path;
  return move.to === null ? null : relocate(path, move.from, move.to);
}

/** The newer commit, if each file of which there is a draft is the same there: else others' changes would be lost. */
function choosePinned(texts: Texts, pinned: string | null, move: Move | null, { base, commit, before, after }: Step): string | null {
  if (pinned !== base) return pinned;
  const isSame = (path: string) => {
    const now = follow(path, move);
    return now === null || before[path] === after[now];
  };
  return Object.keys(texts).every(isSame) ? commit : pinned;
}
