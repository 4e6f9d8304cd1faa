/** What can go wrong with a request, translated once: an `ApiProblem` is what every function of `api/` throws. */
import type { ConflictProblem, Problem, Sides } from "./schema";

type AnyProblem = Problem & Partial<Pick<ConflictProblem, "head" | "sides">>;

export class ApiProblem extends Error {
  readonly status: number;
  readonly problem: AnyProblem;
  /** For how many seconds the server asks to wait; null where it does not. */
  readonly retryAfter: number | null;

  constructor(status: number, problem: AnyProblem, retryAfter: number | null = null) {
    super(problem.detail);
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
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
  /** `handler.py:2`, where a file is to blame. */
  where?: string | undefined;
  detail?: string | undefined;
  hint?: string | undefined;
  requestId?: string | undefined;
}

export function explain(error: unknown): Words {
  if (error instanceof ApiProblem) {
    const { title, detail, hint, requestId, file, line } = error.problem;
    return { title, where: file && (line ? `${file}:${line}` : file), detail, hint, requestId };
  }
  if (error instanceof TypeError) return { title: "PaaKS cannot be reached", hint: "It is tried again by itself." };
  return { title: "Something went wrong in this page", detail: error instanceof Error ? error.message : String(error) };
}

/** Says the server that the caller is not signed in (any more)? */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 401;
}

/** May the same request succeed a moment later? */
export function isPassing(error: unknown): boolean {
  return !(error instanceof ApiProblem) || error.status >= 500;
}

/** Says the server that it is not there, or that one may not know of it? */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 404;
}

/** Have others changed the same lines? Then `sides` says how. */
export function isConflict(error: unknown): error is ApiProblem {
  return error instanceof ApiProblem && error.sides.length > 0;
}

/** The problem of an answer, whatever its body is. */
export function readProblem(status: number, body: unknown, retryAfter: string | null = null): ApiProblem {
  const isProblem = typeof body === "object" && body !== null && "type" in body && "title" in body;
  const fallback: AnyProblem = { type: "/problems/internal", title: `The server answered ${status}`, status, detail: "", errors: [] };
  return new ApiProblem(status, isProblem ? (body as AnyProblem) : fallback, /^\d+$/.test(retryAfter ?? "") ? Number(retryAfter) : null);
}
