/** What somebody has typed and not yet committed. Pure: a state, and what happens to it. */
import type { Sides } from "@/api/schema";
import { moveDrafts, type Move, type Step } from "./draft-moves";
import { meetSides, type Choice, type Merge, type Merges } from "./merge/merges";

/** What files are to say, by their paths below the service. */
export type Texts = Readonly<Record<string, string>>;

/** `pinned`: the commit that the drafts are changes of; null while there are none, and the head of main is shown. */
export interface Drafts {
  texts: Texts;
  pinned: string | null;
  /** Those of the texts that others have changed too, and what is decided of them. */
  merges: Merges;
}

export const NO_DRAFTS: Drafts = { texts: {}, pinned: null, merges: {} };

export type DraftAction =
  /** `saved`: what the file says at `base`; null for a file that is not there yet. */
  | { type: "edit"; path: string; text: string; saved: string | null; base: string }
  /** They cannot be committed: others have changed the same lines. `isDecided`: what was sent had been decided before. */
  | { type: "met"; head: string; sides: readonly Sides[]; isDecided: boolean }
  | { type: "choose"; path: string; choice: Choice }
  | { type: "merge"; path: string; text: string }
  /**
   * A commit has taken over what was sent. `isDecided`: of a conflict, so also drafts go that said something else.
   * `commit`: what the drafts that are left are changes of from now on; null where that has not changed. `isNext`: it
   * follows what they were changes of. If not, others may have changed a file that was not sent.
   */
  | { type: "landed"; sent: Texts; isDecided: boolean; commit: string | null; isNext: boolean }
  /** Files were moved or deleted, by a commit of its own where they were not drafts alone. */
  | { type: "changed"; move: Move | null; step: Step | null }
  | { type: "discard" };

export function reduceDrafts(drafts: Drafts, action: DraftAction): Drafts {
  switch (action.type) {
    case "edit": {
      const texts = action.text === action.saved ? without(drafts.texts, action.path) : { ...drafts.texts, [action.path]: action.text };
      // What was decided of a file was decided of what it said then.
      return pin(texts, drafts.pinned ?? action.base, change(drafts.merges, action.path, { choice: null }));
    }
    case "met": {
      const asked = new Set(action.sides.map(({ path }) => path));
      const known = action.isDecided ? drafts.merges : keep(drafts.merges, (path) => asked.has(path));
      return pin(drafts.texts, drafts.pinned, meetSides(known, action.head, action.sides));
    }
    case "choose":
      return { ...drafts, merges: change(drafts.merges, action.path, { choice: action.choice }) };
    case "merge":
      return { ...drafts, merges: change(drafts.merges, action.path, { merged: action.text }) };
    case "landed": {
      const isTaken = (path: string, text: string) => (action.isDecided ? path in action.sent : action.sent[path] === text);
      const left = keep(drafts.texts, (path, text) => !isTaken(path, text));
      const isKnown = action.isNext || Object.keys(left).every((path) => path in action.sent);
      return pin(left, (isKnown ? action.commit : null) ?? drafts.pinned, drafts.merges);
    }
    case "changed": {
      const { texts, pinned } = moveDrafts(drafts, action.move, action.step);
      return pin(texts, pinned, drafts.merges);
    }
    case "discard":
      return NO_DRAFTS;
  }
}

function pin(texts: Texts, pinned: string | null, merges: Merges): Drafts {
  return Object.keys(texts).length === 0 ? NO_DRAFTS : { texts, pinned, merges: keep(merges, (path) => path in texts) };
}

function change(merges: Merges, path: string, about: Partial<Merge>): Merges {
  const merge = merges[path];
  return merge === undefined ? merges : { ...merges, [path]: { ...merge, ...about } };
}

function without(texts: Texts, path: string): Texts {
  return keep(texts, (other) => other !== path);
}

function keep<Value>(all: Readonly<Record<string, Value>>, isWanted: (path: string, value: Value) => boolean): Record<string, Value> {
  return Object.fromEntries(Object.entries(all).filter(([path, value]) => isWanted(path, value)));
}
