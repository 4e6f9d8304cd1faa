/** Places in a traceback, as Python writes them. Pure. */
export interface Place {
  file: string;
  line: number;
}

/** The innermost place that is in one of the service's files; `paths` are relative to the service. */
export function findPlace(text: string, paths: readonly string[]): Place | null {
  let found: Place | null = null;
  for (const [, whole = "", line] of text.matchAll(/File "([^"]+)", line (\d+)/g)) {
    const file = paths.find((path) => whole === path || whole.endsWith(`/${path}`));
    if (file !== undefined) found = { file, line: Number(line) };
  }
  return found;
}
