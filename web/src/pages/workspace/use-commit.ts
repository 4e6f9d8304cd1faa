/** ⌘S: every draft as one commit, and what has to be known of it afterwards. */
import { useMutation, useQueryClient, type QueryClient, type UseMutationResult } from "@tanstack/react-query";
import type { Dispatch } from "react";
import { commitChanges } from "@/api/changes";
import { putRelease } from "@/api/events/apply";
import { fileContent, fileList } from "@/api/files";
import { isConflict, isPassing } from "@/api/problems";
import type { ChangesLanding, Service } from "@/api/schema";
import type { DraftAction, Texts } from "./drafts";
import type { Decided } from "./merge/merges";
import { relativePath, writeOperations } from "./operations";

const MOST_TRIES = 20;

/** What to commit: all drafts; after a conflict as it was `decided`, with the drafts that go unsent. */
export interface Save {
  texts: Texts;
  base: string | null;
  message?: string | undefined;
  decided?: Pick<Decided, "bases" | "taken">;
}

export type Commit = UseMutationResult<ChangesLanding, Error, Save>;

export function useCommit(slug: string, service: Service, dispatch: Dispatch<DraftAction>): Commit {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async ({ texts: sent, base, message, decided }: Save) => {
      const ops = writeOperations(service, sent, decided?.bases);
      const landed = await commitChanges(slug, { base, ops, message: message ?? null });
      for (const release of landed.releases) putRelease(cache, slug, release);
      await readLanded(cache, slug, service.name, landed, sent);
      // Drafts that are left after a decision are still changes of the commit that they began on.
      const isDecided = decided !== undefined;
      const commit = landed.merged || isDecided ? null : landed.commit.sha;
      const isNext = base === null || landed.commit.parents[0] === base;
      dispatch({ type: "landed", sent: { ...sent, ...decided?.taken }, isDecided, commit, isNext });
      return landed;
    },
    onError: (error, { base, decided }) => {
      if (!isConflict(error)) return;
      const sides = error.sides.map((side) => ({ ...side, path: relativePath(service, side.path) }));
      dispatch({ type: "met", head: error.problem.head ?? base ?? "", sides, isDecided: decided !== undefined });
    },
    // Sent twice, a change that has landed already is none: nothing is lost while the platform restarts.
    retry: (count, error) => count < MOST_TRIES && isPassing(error),
    retryDelay: (count) => Math.min(500 * 2 ** count, 3_000),
  });
}

/** Is something to be decided, or on its way as it was decided? */
export function isMerging({ error, isPending, variables }: Pick<Commit, "error" | "isPending" | "variables">): boolean {
  return isConflict(error) || (variables?.decided !== undefined && (isPending || error !== null));
}

/** Know the files of the new commit before the drafts go, so that nothing flickers. */
async function readLanded(cache: QueryClient, slug: string, service: string, landed: ChangesLanding, sent: Texts): Promise<void> {
  const ref = landed.commit.sha;
  const list = await cache.query(fileList(slug, service, ref));
  await Promise.all(
    list.items.map(async (entry) => {
      const content = sent[entry.path];
      if (content === undefined) return;
      const query = fileContent(slug, service, { ...entry, ref });
      if (landed.merged) await cache.query(query);
      else cache.setQueryData(query.queryKey, { ...entry, commit: ref, content });
    }),
  );
  cache.setQueryData(fileList(slug, service).queryKey, list);
}
