/** What somebody has typed and not yet committed. Pure: a state, and what happens to it. */

/** What files are to say, by their paths below the service. */
export type Texts = Readonly<Record<string, string>>;

/** `pinned`: the commit that the drafts are changes of; null while there are none, and the head of main is shown. */
export interface Drafts {
  texts: Texts;
  pinned: string | null;
}

export const NO_DRAFTS: Drafts = { texts: {}, pinned: null };

export type DraftAction =
  /** `saved`: what the file says at `base`; null for a file that is not there yet. */
  | { type: "edit"; path: string; text: string; saved: string | null; base: string }
  | { type: "drop"; path: string }
  /**
   * A commit has taken over what was sent. `isDecided`: of a conflict, so also drafts go that said something else.
   * `commit`: what the drafts that are left are changes of from now on; null where that has not changed.
   */
  | { type: "landed"; sent: Texts; isDecided: boolean; commit: string | null }
  | { type: "discard" };

export function reduceDrafts(drafts: Drafts, action: DraftAction): Drafts {
  switch (action.type) {
    case "edit": {
      const texts = action.text === action.saved ? without(drafts.texts, action.path) : { ...drafts.texts, [action.path]: action.text };
      return pin(texts, drafts.pinned ?? action.base);
    }
    case "drop":
      return pin(without(drafts.texts, action.path), drafts.pinned);
    case "landed": {
      const isTaken = (path: string, text: string) => (action.isDecided ? path in action.sent : action.sent[path] === text);
      const texts = Object.fromEntries(Object.entries(drafts.texts).filter(([path, text]) => !isTaken(path, text)));
      return pin(texts, action.commit ?? drafts.pinned);
    }
    case "discard":
      return NO_DRAFTS;
  }
}

function pin(texts: Texts, pinned: string | null): Drafts {
  return Object.keys(texts).length === 0 ? NO_DRAFTS : { texts, pinned };
}

function without(texts: Texts, path: string): Texts {
  return Object.fromEntries(Object.entries(texts).filter(([other]) => other !== path));
}
