/** Renaming and deleting files and directories, saved or not. What is typed into them is drafts.ts, the commit use-file-commit.ts. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useToast } from "@/components/Toasts";
import type { Move } from "./draft-moves";
import type { Drafts, Texts } from "./drafts";
import { wholePath } from "./operations";
import { isBelow, trimSlash } from "./tree";
import { sayEnd, sayRefusal, useFileCommit, type Fault, type Place } from "./use-file-commit";
import { readBack } from "./use-landing";
import { useUpload } from "./use-upload";

interface Props extends Place {
  drafts: Drafts;
  /** Drafts of files that others have changed since. */
  stale: readonly string[];
}

export type FileChanges = ReturnType<typeof useFileChanges>;

export function useFileChanges({ drafts, stale, ...place }: Props) {
  const { slug, service, files, dispatch, onMove } = place;
  const cache = useQueryClient();
  const toast = useToast();
  const [fault, setFault] = useState<Fault | null>(null);
  const { commit, isPending, question, ask, forget, restore } = useFileCommit(place);
  const refuse = stale[0] === undefined ? null : `Others have changed ${stale[0]}, which has unsaved text here: commit that first, then it is merged.`;
  const upload = useUpload({ ...place, drafts, refuse, commit });

  const isSaved = (row: string) => files.entries.some(({ path }) => isBelow(path, row));
  const findTexts = (row: string): Texts => Object.fromEntries(Object.entries(drafts.texts).filter(([path]) => isBelow(path, row)));
  const whole = (row: string) => wholePath(service, trimSlash(row));
  const { base } = files;

  const moveDrafts = (move: Move) => {
    dispatch({ type: "changed", move, step: null });
    onMove(move);
  };
  // As a mutation, for it is the page as it is by then in which it is taken back, not as it was under the toast.
  const undo = useMutation({
    networkMode: "always",
    mutationFn: ({ move, texts }: { move: Move | null; texts: Texts }) => {
      if (move) moveDrafts(move);
      if (base !== undefined) restore(texts, base);
      return Promise.resolve();
    },
  });
  const say = (text: string, back: { move: Move | null; texts: Texts }) => {
    toast({ text, action: { label: "Undo", run: () => { undo.mutate(back); } } });
  };
  const begin = (row: string, onDone: () => void) => ({
    onDone: () => { setFault(null); onDone(); },
    onRefused: (error: Error) => { setFault({ row, text: sayRefusal(error, service, trimSlash(row)) }); },
  });

  const rename = (row: string, to: string, onDone: () => void) => {
    const said = `${trimSlash(row)} is ${trimSlash(to)} now`;
    const [path, target] = [whole(row), whole(to)];
    const send = () => {
      if (base === undefined) return;
      commit({
        ops: [{ op: "move", path, to: target }],
        base,
        message: `Move ${path} to ${target}`,
        move: { from: row, to },
        said,
        // A commit that moves it says nothing of what is in it; unsaved text was typed into what it was.
        conflict: Object.keys(findTexts(row)).length > 0 ? "refuse" : "go along",
        findBack: () => Promise.resolve([{ op: "move", path: target, to: path }]),
        texts: {},
        ...begin(row, onDone),
      });
    };
    if (to === row) onDone();
    else if (!isSaved(row)) {
      moveDrafts({ from: row, to });
      say(said, { move: { from: to, to: row }, texts: {} });
      onDone();
    } else if (refuse !== null) setFault({ row, text: refuse });
    else if (row === "service.yaml") ask({ title: `Rename ${row}?`, text: sayEnd(service), verb: "Rename", run: send });
    else send();
  };

  const remove = (row: string, onDone: () => void) => {
    const [texts, name] = [findTexts(row), trimSlash(row)];
    const said = `Deleted ${name}`;
    const send = () => {
      if (base === undefined) return;
      if (!isSaved(row)) {
        moveDrafts({ from: row, to: null });
        say(said, { move: null, texts });
        onDone();
        return;
      }
      commit({
        ops: [{ op: "delete", path: whole(row) }],
        base,
        message: `Delete ${whole(row)}`,
        move: { from: row, to: null },
        said,
        conflict: {
          title: `Delete ${name} all the same?`,
          text: `Somebody else has changed ${name} meanwhile. History keeps what they wrote.`,
          verb: "Delete",
        },
        findBack: (landed) => readBack(cache, slug, service, landed, (path) => isBelow(path, row)),
        texts,
        ...begin(row, onDone),
      });
    };
    const typed = Object.keys(texts).filter((path) => texts[path] !== "");
    const why = [
      ...(row === "service.yaml" ? [sayEnd(service)] : []),
      ...(typed.length > 0 ? [`There is unsaved text in ${typed.join(", ")}, which goes too; Undo brings it back.`] : []),
    ];
    const others = stale.filter((path) => !isBelow(path, row));
    if (refuse !== null && others.length > 0 && isSaved(row)) setFault({ row, text: refuse });
    else if (why.length > 0) ask({ title: `Delete ${name}?`, text: why.join(" "), verb: "Delete", run: send });
    else send();
  };

  return { rename, remove, upload, isPending, fault, forgetFault: () => { setFault(null); }, question, forgetQuestion: forget };
}
