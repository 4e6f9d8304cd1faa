/** Problems at their places in a text. Pure, and without the editor, which is large. */
import type { ProblemEntry } from "@/api/types";

/** `line` and `column` count from 1. */
export interface Mark {
  line: number;
  column: number;
  text: string;
}

/** The problems of one file, by its path in the repository; one without a line is at the first. */
export function markProblems(problems: readonly ProblemEntry[], file: string): Mark[] {
  return problems
    .filter((problem) => problem.file === file)
    .map(({ line = 1, column = 1, detail = "", hint }) => ({ line, column, text: hint ? `${detail} (${hint})` : detail }));
}
