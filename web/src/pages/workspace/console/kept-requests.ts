/** Requests that are kept: those with a name, and the last that were sent. Pure. */
import { NO_REQUEST, type TypedRequest } from "./request";

export interface SavedRequest extends TypedRequest {
  name: string;
}

const MOST_SENT = 20;
const MOST_CHARACTERS = 500_000; // of all that were sent together: a browser keeps some megabytes in all

function isSame(one: TypedRequest, other: TypedRequest): boolean {
  return one.method === other.method && one.path === other.path && one.headers === other.headers && one.body === other.body;
}

/** The newest first; one that was sent again is there once. */
export function remember(sent: readonly TypedRequest[], request: TypedRequest): TypedRequest[] {
  const last = [request, ...sent.filter((other) => !isSame(other, request))].slice(0, MOST_SENT);
  let characters = 0;
  return last.filter((each) => (characters += JSON.stringify(each).length) <= MOST_CHARACTERS);
}

/** In the order of their names; one of the same name is replaced. */
export function putSaved(saved: readonly SavedRequest[], request: SavedRequest): SavedRequest[] {
  return [...removeSaved(saved, request.name), request].sort((a, b) => a.name.localeCompare(b.name, "en"));
}

export function removeSaved(saved: readonly SavedRequest[], name: string): SavedRequest[] {
  return saved.filter((request) => request.name !== name);
}

export function findSaved(saved: readonly SavedRequest[], name: string): SavedRequest | undefined {
  return saved.find((request) => request.name === name);
}

/** Would something be lost, if it were not there any more? */
export function isNowhereElse(typed: TypedRequest, kept: readonly TypedRequest[]): boolean {
  return !isSame(typed, NO_REQUEST) && !kept.some((request) => isSame(request, typed));
}

/** Of what a browser has kept, as much as can be read. */
export function readRequests(text: string | null): TypedRequest[] {
  return parseList(text).map(readRequest).filter((request) => request !== null);
}

export function readSaved(text: string | null): SavedRequest[] {
  return parseList(text).flatMap((each) => {
    const request = readRequest(each);
    const name = (each as { name?: unknown } | null)?.name;
    return request !== null && typeof name === "string" ? [{ ...request, name }] : [];
  });
}

function parseList(text: string | null): unknown[] {
  try {
    const kept: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

function readRequest(kept: unknown): TypedRequest | null {
  if (typeof kept !== "object" || kept === null) return null;
  const { method, path, headers, body } = kept as Record<string, unknown>;
  const areTexts = [method, path, headers, body].every((value) => typeof value === "string");
  return areTexts ? ({ method, path, headers, body } as TypedRequest) : null;
}
