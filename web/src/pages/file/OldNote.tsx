/** Above a file of a named commit: whether it is as it is now, and the way to have it so again. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";
import { commitChanges } from "@/api/changes";
import { fileContent, fileList } from "@/api/files";
import { explain } from "@/api/problems";
import type { Draft, FileContent, FileEntry } from "@/api/schema";
import { useToast } from "@/components/Toasts";
import { useRights } from "@/components/use-rights";
import * as paths from "@/paths";
import styles from "./FilePage.module.css";
import type { FileOfCommit } from "./place";

export function OldNote({ place, entry }: { place: FileOfCommit; entry: FileEntry | undefined }) {
  const { slug, service, path, commit } = place;
  const now = useQuery(fileList(slug, service));
  const mayCommit = useRights(slug).mayCommit;
  const restore = useRestore(place);
  const current = now.data?.items.find((found) => found.path === path);
  const title = <>You are looking at <Link to={paths.commit(slug, commit)}><code>{commit.slice(0, 7)}</code></Link></>;
  if (entry === undefined || now.isPending) return null;
  if (current?.sha === entry.sha) return <p className={styles.same}>{title}. The file is the same now.</p>;
  return (
    <p role="note" className={styles.old}>
      <span>{title}, {current ? "not at the file as it is now." : "and the file is not there any more."}</span>
      {mayCommit && (
        <button disabled={restore.isPending} onClick={() => { restore.mutate({ entry, current, base: now.data?.ref ?? commit }); }}>
          Restore this version of the file
        </button>
      )}
    </p>
  );
}

interface Wish {
  entry: FileEntry;
  /** What is there now, to be put back by Undo; undefined: nothing is. */
  current: FileEntry | undefined;
  base: string;
}

/** A commit in which the file is as it was; Undo is one more. */
function useRestore({ slug, service, path, whole, commit }: FileOfCommit) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const toast = useToast();
  const fail = (error: Error) => { toast({ text: explain(error).detail ?? explain(error).title }); };
  const read = (version: FileEntry, ref: string) => cache.query(fileContent(slug, service, { ...version, ref }));
  const undo = useMutation({ mutationFn: (draft: Draft) => commitChanges(slug, draft), onError: fail });
  return useMutation({
    mutationFn: async ({ entry, current, base }: Wish) => {
      const before = current && (await read(current, base));
      const message = `Restore ${path} as of ${commit.slice(0, 7)}`;
      const landed = await commitChanges(slug, { base, message, ops: [put(whole, await read(entry, commit))] });
      return { landed, before };
    },
    onSuccess: async ({ landed, before }) => {
      const draft = { base: landed.commit.sha, ops: [before ? put(whole, before) : { op: "delete" as const, path: whole }] };
      toast({ text: landed.commit.subject, action: { label: "Undo", run: () => { undo.mutate(draft); } } });
      await navigate(paths.file(slug, service, path));
    },
    onError: fail,
  });
}

function put(path: string, { content, contentBase64, mode }: FileContent) {
  return { op: "put" as const, path, mode, ...(content === undefined ? { contentBase64: contentBase64 ?? "" } : { content }) };
}
