/** The drafts of a service, kept on this machine as they are typed. */
import { useEffect, useReducer, type Dispatch } from "react";
import { keepDrafts, type KeptDrafts } from "./draft-store";
import { NO_DRAFTS, reduceDrafts, type DraftAction, type Drafts } from "./drafts";

/** `kept`: what was found on this machine when the workspace was opened. */
export function useDrafts(slug: string, service: string, kept: KeptDrafts | null): [Drafts, Dispatch<DraftAction>] {
  const initial = kept === null ? NO_DRAFTS : { texts: kept.texts, pinned: kept.pinned, merges: kept.merges ?? {} };
  const [drafts, dispatch] = useReducer(reduceDrafts, initial);
  useEffect(() => {
    // A browser that keeps nothing (a private window) still edits and commits.
    keepDrafts(slug, service, drafts).catch(() => undefined);
  }, [slug, service, drafts]);
  return [drafts, dispatch];
}
