/** A traceback in parts, so that places in the service's own files can be links. Pure. */
import type { PastRelease } from "@/api/schema";

/** `file` and `line`: where this line of the text points to; `file` is relative to the service. */
export interface TracebackLine {
  text: string;
  place: { file: string; line: number } | null;
}

/** `paths`: the files of the service. */
export function readTraceback(text: string, paths: readonly string[]): TracebackLine[] {
  return text.trimEnd().split("\n").map((line) => ({ text: line, place: findPlace(line, paths) }));
}

/** The innermost place in one of the service's files. */
export function findCause(release: Pick<PastRelease, "message">, paths: readonly string[]): TracebackLine["place"] {
  return readTraceback(release.message ?? "", paths).findLast(({ place }) => place !== null)?.place ?? null;
}

function findPlace(line: string, paths: readonly string[]): TracebackLine["place"] {
  const [, whole = "", number] = /File "([^"]+)", line (\d+)/.exec(line) ?? [];
  const file = paths.find((path) => whole === path || whole.endsWith(`/${path}`));
  return file === undefined ? null : { file, line: Number(number) };
}
