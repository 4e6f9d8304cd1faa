/** What can go wrong with a request, translated once: an `ApiProblem` is what every function of `api/` throws. */
import type { Problem, Sides } from "./types";

export class ApiProblem extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(problem.detail ?? problem.title);
    this.status = status;
    this.problem = problem;
  }

  /** The catalogue's name of it: `name-taken`. */
  get slug(): string {
    return this.problem.type.replace("/problems/", "");
  }

  /** What could not be merged, and the head that it was compared with; empty for every other problem. */
  get sides(): Sides[] {
    return this.problem.sides ?? [];
  }
}

/** What a person is told. */
export interface Words {
  title: string;
  detail?: string | undefined;
  hint?: string | undefined;
  requestId?: string | undefined;
}

export function explain(error: unknown): Words {
  if (error instanceof ApiProblem) {
    const { title, detail, hint, requestId } = error.problem;
    return { title, detail, hint, requestId };
  }
  if (error instanceof TypeError) return { title: "PaaKS cannot be reached", hint: "It is tried again by itself." };
  return { title: "Something went wrong in this page", detail: error instanceof Error ? error.message : String(error) };
}

/** Says the server that the caller is not signed in (any more)? */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 401;
}

/** The problem of an answer, whatever its body is. */
export function readProblem(status: number, body: unknown): ApiProblem {
  const isProblem = typeof body === "object" && body !== null && "type" in body && "title" in body;
  const fallback = { type: "about:blank", title: `The server answered ${status}`, status, detail: "", errors: [] };
  return new ApiProblem(status, isProblem ? (body as Problem) : fallback);
}
