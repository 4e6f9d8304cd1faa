/** The files of a service as the workspace shows them: those of one commit, with what was typed on top. */
import { useQuery } from "@tanstack/react-query";
import { fileContent, fileList } from "@/api/files";
import type { FileContent, FileEntry } from "@/api/schema";
import type { Drafts } from "./drafts";

export interface ShownFile {
  path: string;
  /** What it says at `base`; null where it is not there, undefined until it is read. */
  saved: string | null | undefined;
  text: string | undefined;
  isBinary: boolean;
}

export function useFiles(slug: string, service: string, drafts: Drafts, active: string | null) {
  const head = useQuery(fileList(slug, service));
  const base = drafts.pinned ?? head.data?.ref;
  const pinned = useQuery({ ...fileList(slug, service, base ?? ""), enabled: base !== undefined });
  const entries = pinned.data?.items ?? head.data?.items ?? [];
  const paths = [...new Set([...entries.map(({ path }) => path), ...Object.keys(drafts.texts)])].sort();
  const path = active !== null && paths.includes(active) ? active : (pickFirst(paths) ?? null);
  const entry = entries.find((found) => found.path === path);
  const content = useQuery({
    ...fileContent(slug, service, { path: path ?? "", sha: entry?.sha ?? "", ref: base ?? "" }),
    enabled: entry !== undefined && base !== undefined,
  });
  const file = path === null ? null : show(path, entry === undefined, content.data, drafts);
  const newest = head.data?.items ?? entries;
  return { base, paths, entries, stale: findStale(drafts, entries, newest), file, error: head.error ?? content.error };
}

/** The drafts of files that others have changed since: they have to be merged before anything is built on them. */
function findStale(drafts: Drafts, entries: readonly FileEntry[], newest: readonly FileEntry[]): string[] {
  const shaOf = (list: readonly FileEntry[], path: string) => list.find((entry) => entry.path === path)?.sha;
  return Object.keys(drafts.texts).filter((path) => shaOf(entries, path) !== shaOf(newest, path));
}

function show(path: string, isNew: boolean, content: FileContent | undefined, drafts: Drafts): ShownFile {
  const saved = isNew ? null : content?.content;
  return { path, saved, text: drafts.texts[path] ?? saved ?? undefined, isBinary: content?.contentBase64 !== undefined };
}

/** What one wants to see of a service first. */
function pickFirst(paths: string[]): string | undefined {
  return paths.find((path) => path === "handler.py") ?? paths.find((path) => path.endsWith(".py")) ?? paths[0];
}
