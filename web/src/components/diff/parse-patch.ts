/** A unified diff of one file as lines that can be shown in one column or in two. Pure. */

/** `before` and `after`: the line's number on either side, null where it is not there. */
export interface DiffLine {
  kind: "same" | "removed" | "added";
  text: string;
  before: number | null;
  after: number | null;
}

export interface Hunk {
  /** What git says of where it is, often the function around it. */
  heading: string;
  lines: DiffLine[];
}

export interface Patch {
  hunks: Hunk[];
  isBinary: boolean;
}

const HEAD = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)$/;
const KINDS = { " ": "same", "-": "removed", "+": "added" } as const;

export function parsePatch(text: string): Patch {
  const hunks: Hunk[] = [];
  let [before, after] = [0, 0];
  let isBinary = false;
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const head = HEAD.exec(line);
    const hunk = hunks.at(-1);
    if (head) {
      [before, after] = [Number(head[1]), Number(head[2])];
      hunks.push({ heading: head[3] ?? "", lines: [] });
    } else if (hunk === undefined) {
      isBinary ||= line.startsWith("Binary files ") || line === "GIT binary patch";
    } else if (line.slice(0, 1) in KINDS) {
      const kind = KINDS[line.slice(0, 1) as keyof typeof KINDS];
      hunk.lines.push({
        kind,
        text: line.slice(1),
        before: kind === "added" ? null : before++,
        after: kind === "removed" ? null : after++,
      });
    }
  }
  return { hunks, isBinary };
}

/** The two sides of a row; null: nothing is there. */
export type Row = [before: DiffLine | null, after: DiffLine | null];

/** Lines side by side: what was removed beside what came in its place. */
export function pairLines(lines: readonly DiffLine[]): Row[] {
  const rows: Row[] = [];
  let removed: DiffLine[] = [];
  let added: DiffLine[] = [];
  const flush = () => {
    for (let at = 0; at < Math.max(removed.length, added.length); at += 1) rows.push([removed[at] ?? null, added[at] ?? null]);
    [removed, added] = [[], []];
  };
  for (const line of lines) {
    if (line.kind === "removed") {
      if (added.length > 0) flush();
      removed.push(line);
    } else if (line.kind === "added") {
      added.push(line);
    } else {
      flush();
      rows.push([line, line]);
    }
  }
  flush();
  return rows;
}
