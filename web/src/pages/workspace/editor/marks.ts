/** Problems at their places in a text. Pure, and without the editor, which is large. */
import type { ProblemEntry } from "@/api/schema";

/** `line` and `column` count from 1. */
export interface Mark {
  line: number;
  column: number;
  text: string;
}

/** A line to go to, null for none; `key` is another one each time that somebody asks for it. */
export interface Target {
  line: number | null;
  key: string;
}

/** The problems of one file, by its path in the repository; one without a line is at the first. */
export function markProblems(problems: readonly ProblemEntry[], file: string): Mark[] {
  return problems
    .filter((problem) => problem.file === file)
    .map(({ line = 1, column = 1, detail, hint }) => ({ line, column, text: hint ? `${detail} (${hint})` : detail }));
}
