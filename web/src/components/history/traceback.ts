/** A traceback in parts, so that places in the service's own files can be links. Pure. */
import type { PastRelease } from "@/api/schema";

/** `file` is relative to the service. */
export interface Place {
  file: string;
  line: number;
}

/** `place`: where this line of the text points to. */
export interface TracebackLine {
  text: string;
  place: Place | null;
}

/** `paths`: the files of the service. */
export function readTraceback(text: string, paths: readonly string[]): TracebackLine[] {
  return text.trimEnd().split("\n").map((line) => ({ text: line, place: findPlace(line, paths) }));
}

/** Where in the service's files it failed, if it did there. */
export function findCause({ message }: Pick<PastRelease, "message">, paths: readonly string[]): Place | null {
  return findPlace(message ?? "", paths);
}

/** The innermost place, as Python writes them, that is in one of the service's files. */
export function findPlace(text: string, paths: readonly string[]): Place | null {
  let found: Place | null = null;
  for (const [, whole = "", line] of text.matchAll(/File "([^"]+)", line (\d+)/g)) {
    const file = paths.find((path) => whole === path || whole.endsWith(`/${path}`));
    if (file !== undefined) found = { file, line: Number(line) };
  }
  return found;
}
