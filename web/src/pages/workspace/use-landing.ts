/** A commit of changes of files that are no drafts, and what has to be known of it afterwards. */
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import type { Dispatch } from "react";
import { commitChanges } from "@/api/changes";
import { putRelease } from "@/api/events/apply";
import { fileContent, fileList } from "@/api/files";
import { isNotFound } from "@/api/problems";
import type { ChangesLanding, Draft, FileEntry, Files, Service } from "@/api/schema";
import { serviceDetail } from "@/api/services";
import type { Move, Versions } from "./draft-moves";
import type { DraftAction } from "./drafts";
import { wholePath } from "./operations";
import { isBelow, relocate } from "./tree";

/** What is to be one commit; `move`: what that means for drafts and for what is open. */
export interface Wish {
  ops: Draft["ops"];
  base: string;
  message: string;
  move: Move | null;
}

/** The files that are shown, and the commit that they are of. */
export interface Seen {
  base: string | undefined;
  entries: readonly FileEntry[];
}

export function useLanding(slug: string, service: Service, seen: Seen, dispatch: Dispatch<DraftAction>) {
  const cache = useQueryClient();
  return async ({ ops, base, message, move }: Wish): Promise<ChangesLanding> => {
    const landed = await commitChanges(slug, { base, ops, message });
    for (const release of landed.releases) putRelease(cache, slug, release);
    const list = await readList(cache, slug, service.name, landed.commit.sha);
    if (move?.to) carryContents(cache, slug, service.name, list, { from: move.from, to: move.to });
    const step = { base: seen.base ?? base, commit: landed.commit.sha, before: listVersions(seen.entries), after: listVersions(list.items) };
    cache.setQueryData(fileList(slug, service.name).queryKey, list);
    dispatch({ type: "changed", move, step });
    return landed;
  };
}

/** The files of the new commit; none where the service itself is gone with it. */
async function readList(cache: QueryClient, slug: string, service: string, ref: string): Promise<Files> {
  try {
    return await cache.query(fileList(slug, service, ref));
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await cache.invalidateQueries({ queryKey: serviceDetail(slug, service).queryKey });
    return { ref, items: [] };
  }
}

/** What was read under the old name is not read again, so that the editor stays as it is. */
function carryContents(cache: QueryClient, slug: string, service: string, list: Files, { from, to }: { from: string; to: string }): void {
  for (const entry of list.items.filter(({ path }) => isBelow(path, to))) {
    const old = fileContent(slug, service, { path: relocate(entry.path, to, from), sha: entry.sha, ref: list.ref });
    const known = cache.getQueryData(old.queryKey);
    if (known) cache.setQueryData(fileContent(slug, service, { ...entry, ref: list.ref }).queryKey, { ...known, path: entry.path });
  }
}

function listVersions(entries: readonly FileEntry[]): Versions {
  return Object.fromEntries(entries.map(({ path, sha }) => [path, sha]));
}

/** What has to be done so that the files of a commit are again as they were before it: of those that `isMeant`. */
export async function readBack(
  cache: QueryClient,
  slug: string,
  service: Service,
  { commit: { sha, parents } }: ChangesLanding,
  isMeant: (path: string) => boolean,
): Promise<Draft["ops"]> {
  const [parent = sha] = parents;
  const [before, after] = await Promise.all([readList(cache, slug, service.name, parent), readList(cache, slug, service.name, sha)]);
  const now = listVersions(after.items);
  const was = listVersions(before.items);
  const added = after.items.filter(({ path }) => isMeant(path) && !(path in was));
  const changed = before.items.filter((entry) => isMeant(entry.path) && now[entry.path] !== entry.sha);
  const puts = changed.map(async (entry) => {
    const { content, contentBase64 = "", mode } = await cache.query(fileContent(slug, service.name, { ...entry, ref: parent }));
    const text = content === undefined ? { contentBase64 } : { content };
    return { op: "put" as const, path: wholePath(service, entry.path), mode, ...text };
  });
  return [...added.map(({ path }) => ({ op: "delete" as const, path: wholePath(service, path) })), ...(await Promise.all(puts))];
}
