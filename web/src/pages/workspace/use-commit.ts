/** ⌘S: every draft as one commit, and what has to be known of it afterwards. */
import { useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";
import type { Dispatch } from "react";
import { commitChanges } from "@/api/changes";
import { putRelease } from "@/api/events/apply";
import { fileContent, fileList } from "@/api/files";
import { isPassing } from "@/api/problems";
import type { ChangesLanding, Draft, Service } from "@/api/schema";
import type { DraftAction, Drafts } from "./drafts";

const MOST_TRIES = 20;
type Texts = Drafts["texts"];

/** What to commit: all drafts; or after a conflict what was decided of some files, on top of the newer `base`. */
export interface Save {
  message?: string;
  decided?: { base: string; texts: Texts };
}

/** A path below the service as the repository has it. */
export function wholePath(service: Pick<Service, "path">, path: string): string {
  return service.path === "" ? path : `${service.path}/${path}`;
}

/** A path of the repository as the service has it. */
export function relativePath(service: Pick<Service, "path">, path: string): string {
  return service.path !== "" && path.startsWith(`${service.path}/`) ? path.slice(service.path.length + 1) : path;
}

export function writeOperations(service: Pick<Service, "path">, texts: Texts): Draft["ops"] {
  return Object.entries(texts).map(([path, content]) => ({ op: "put", path: wholePath(service, path), content }));
}

export function useCommit(slug: string, service: Service, drafts: Drafts, dispatch: Dispatch<DraftAction>) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async ({ message, decided }: Save) => {
      const sent = decided?.texts ?? drafts.texts;
      const base = decided?.base ?? drafts.pinned;
      const landed = await commitChanges(slug, { base, ops: writeOperations(service, sent), message: message ?? null });
      for (const release of landed.releases) putRelease(cache, slug, release);
      await readLanded(cache, slug, service.name, landed, sent);
      // Drafts that are left after a decision are still changes of the commit that they began on.
      const isMixed = landed.merged || decided !== undefined;
      dispatch({ type: "landed", sent, isDecided: decided !== undefined, commit: isMixed ? null : landed.commit.sha });
      return landed;
    },
    // Sent twice, a change that has landed already is none: nothing is lost while the platform restarts.
    retry: (count, error) => count < MOST_TRIES && isPassing(error),
    retryDelay: (count) => Math.min(500 * 2 ** count, 3_000),
  });
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
