import { ApiProblem, explain } from "@/api/problems";

/** A problem as one line, for beside a field or in a toast. */
export function sayProblem(error: unknown): string {
  const { title, detail, hint } = explain(error);
  return [detail ?? title, hint].filter(Boolean).join(" · ");
}

/** The problem if it is about this member of what was sent, as one line; else false. */
export function sayProblemOf(error: unknown, member: string): string | false {
  return error instanceof ApiProblem && error.problem.errors.some(({ pointer }) => pointer === `/${member}`) && sayProblem(error);
}
