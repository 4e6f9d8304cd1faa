/** What somebody has typed and not yet committed. Pure: a state, and what happens to it. */

/** `pinned`: the commit that the drafts are changes of; null while there are none, and the head of main is shown. */
export interface Drafts {
  texts: Readonly<Record<string, string>>;
  pinned: string | null;
}

export const NO_DRAFTS: Drafts = { texts: {}, pinned: null };

export type DraftAction =
  /** `saved`: what the file says at `base`; null for a file that is not there yet. */
  | { type: "edit"; path: string; text: string; saved: string | null; base: string }
  | { type: "drop"; path: string }
  /** A commit has taken over what was sent; `merged`: together with what others had changed. */
  | { type: "landed"; sent: Readonly<Record<string, string>>; commit: string; merged: boolean }
  /** After a conflict: what the files are to say, as changes of the newer `base`. */
  | { type: "resolve"; texts: Readonly<Record<string, string>>; base: string }
  | { type: "restore"; drafts: Drafts };

export function reduceDrafts(drafts: Drafts, action: DraftAction): Drafts {
  switch (action.type) {
    case "edit": {
      const texts = action.text === action.saved ? without(drafts.texts, action.path) : { ...drafts.texts, [action.path]: action.text };
      return pin(texts, drafts.pinned ?? action.base);
    }
    case "drop":
      return pin(without(drafts.texts, action.path), drafts.pinned);
    case "landed": {
      const texts = Object.fromEntries(Object.entries(drafts.texts).filter(([path, text]) => action.sent[path] !== text));
      // What was typed while a merge landed is still a change of the older commit.
      return pin(texts, action.merged ? drafts.pinned : action.commit);
    }
    case "resolve":
      return pin({ ...drafts.texts, ...action.texts }, action.base);
    case "restore":
      return action.drafts;
  }
}

function pin(texts: Drafts["texts"], pinned: string | null): Drafts {
  return Object.keys(texts).length === 0 ? NO_DRAFTS : { texts, pinned };
}

function without(texts: Drafts["texts"], path: string): Drafts["texts"] {
  return Object.fromEntries(Object.entries(texts).filter(([other]) => other !== path));
}
