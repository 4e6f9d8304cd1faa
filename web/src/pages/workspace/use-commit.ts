/** ⌘S: every draft as one commit, and what has to be known of it afterwards. */
import { useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";
import type { Dispatch } from "react";
import { commitChanges } from "@/api/changes";
import { putRelease } from "@/api/events/apply";
import { fileContent, fileList } from "@/api/files";
import type { Landed, Service } from "@/api/types";
import type { DraftAction, Drafts } from "./drafts";

interface Place {
  slug: string;
  service: Pick<Service, "name" | "path">;
}

/** A path below the service as the repository has it. */
export function wholePath(service: Pick<Service, "path">, path: string): string {
  return service.path === "" ? path : `${service.path}/${path}`;
}

export function useCommit(place: Place, drafts: Drafts, dispatch: Dispatch<DraftAction>) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async ({ message }: { message?: string }) => {
      const sent = drafts.texts;
      const ops = Object.entries(sent).map(([path, content]) => ({ op: "put" as const, path: wholePath(place.service, path), content }));
      const landed = await commitChanges(place.slug, { base: drafts.pinned ?? "", ops, ...(message && { message }) });
      for (const release of landed.releases) putRelease(cache, place.slug, release);
      await readLanded(cache, place, landed, sent);
      dispatch({ type: "landed", sent, commit: landed.commit.sha, merged: landed.merged ?? false });
      return landed;
    },
  });
}

/** Know the files of the new commit before the drafts go, so that nothing flickers. */
async function readLanded(cache: QueryClient, { slug, service }: Place, landed: Landed, sent: Drafts["texts"]): Promise<void> {
  const ref = landed.commit.sha;
  const list = await cache.query(fileList(slug, service.name, ref));
  const changed = list.items.filter(({ path }) => path in sent);
  await Promise.all(
    changed.map(async (entry) => {
      const query = fileContent(slug, service.name, { ...entry, ref });
      if (landed.merged) await cache.query(query);
      else cache.setQueryData(query.queryKey, { ...entry, commit: ref, content: sent[entry.path] ?? "" });
    }),
  );
  cache.setQueryData(fileList(slug, service.name).queryKey, list);
}
