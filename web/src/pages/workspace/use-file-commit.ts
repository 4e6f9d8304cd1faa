/** One commit of changes of files: said in a toast that takes it back, refused beside the row, asked about after a conflict. */
import { useMutation } from "@tanstack/react-query";
import { useState, type Dispatch } from "react";
import { ApiProblem, isConflict, isPassing } from "@/api/problems";
import type { ChangesLanding, Draft, Service } from "@/api/schema";
import { sayProblem } from "@/components/say-problem";
import { useToast } from "@/components/Toasts";
import type { Move } from "./draft-moves";
import type { DraftAction, Texts } from "./drafts";
import { wholePath } from "./operations";
import { useLanding, type Seen, type Wish } from "./use-landing";

/** Something that is asked before it is done. */
export interface Question {
  title: string;
  text: string;
  verb: string;
  run: () => void;
}

/** Words beside a row. */
export interface Fault {
  row: string;
  text: string;
}

export interface Change extends Wish {
  said: string;
  /** Where others have changed the files meanwhile: their changes go along, or nothing is done, or it is asked. */
  conflict: "go along" | "refuse" | Omit<Question, "run">;
  /** The operations that take it back. */
  findBack: (landed: ChangesLanding) => Promise<Draft["ops"]>;
  /** Drafts that go with it, and come back with it. */
  texts: Texts;
  onDone: () => void;
  onRefused: (error: Error) => void;
}

export interface Place {
  slug: string;
  service: Service;
  files: Seen;
  dispatch: Dispatch<DraftAction>;
  /** What is open follows. */
  onMove: (move: Move) => void;
}

export function useFileCommit({ slug, service, files, dispatch, onMove }: Place) {
  const toast = useToast();
  const land = useLanding(slug, service, files, dispatch);
  const [question, setQuestion] = useState<Question | null>(null);
  const ask = (asked: Question) => { setQuestion({ ...asked, run: () => { setQuestion(null); asked.run(); } }); };
  const restore = (texts: Texts, base: string) => {
    for (const [path, text] of Object.entries(texts)) dispatch({ type: "edit", path, text, saved: null, base });
  };

  const undo = useMutation({
    mutationFn: async ({ wish, landed }: { wish: Change; landed: ChangesLanding }) => {
      const { move, message, texts } = wish;
      const back = move?.to ? { from: move.to, to: move.from } : null;
      const ops = await wish.findBack(landed);
      const undone = await land({ ops, base: landed.commit.sha, message: `Undo "${message}"`, move: back });
      restore(texts, undone.commit.sha);
      if (back) onMove(back);
      return `Undone: ${wish.said}`;
    },
    onSuccess: (text) => { toast({ text }); },
    onError: (error) => { toast({ text: `It cannot be undone: ${sayProblem(error)}` }); },
  });

  const change = useMutation({
    mutationFn: (wish: Change) => land(wish),
    onSuccess: (landed, wish) => {
      if (wish.move) onMove(wish.move);
      wish.onDone();
      const isNew = landed.commit.sha !== wish.base;
      const back = { action: { label: "Undo", run: () => { undo.mutate({ wish, landed }); } } };
      toast(isNew ? { text: wish.said, ...back } : { text: "Nothing has changed: it is the same already." });
    },
    onError: (error, wish) => {
      const head = isConflict(error) ? error.problem.head : undefined;
      if (head === undefined || wish.conflict === "refuse") wish.onRefused(error);
      else if (wish.conflict === "go along") change.mutate({ ...wish, base: head });
      else ask({ ...wish.conflict, run: () => { change.mutate({ ...wish, base: head }); } });
    },
  });
  return { commit: change.mutate, isPending: change.isPending || undo.isPending, question, ask, forget: () => { setQuestion(null); }, restore };
}

/** Why a row stays as it is. */
export function sayRefusal(error: Error, service: Service, path: string): string {
  if (isPassing(error)) return "PaaKS cannot be reached, or is starting: nothing is lost, try it again in a moment.";
  if (isConflict(error)) return `Others have changed ${path} meanwhile, and it has unsaved text here: commit that first, then it is merged.`;
  const isNeeded = error instanceof ApiProblem && error.problem.file === wholePath(service, "service.yaml") && path !== "service.yaml";
  return `${isNeeded ? "Nothing has changed, for service.yaml needs it" : "Nothing has changed"}: ${sayProblem(error)}`;
}

/** What becomes of a service without its service.yaml. */
export function sayEnd({ name }: Service): string {
  return `A directory is a service by its service.yaml: without it ${name} ends, and nothing answers at its address. Its other files stay, and Undo brings it back.`;
}
