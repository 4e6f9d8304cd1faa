/** A log as it is listed: its lines, and between them where another process or another revision begins. Pure. */
import type { NumberedLine } from "@/api/logs";
import type { LogFilter } from "./log-filter";
import { makeFilter } from "./log-terms";

export type LogItem =
  | { kind: "line"; key: string; line: NumberedLine }
  /** `id`: of the first line behind it. `isNew`: of a revision that has said nothing before; else it is one more process, as after a restart. */
  | { kind: "boundary"; key: string; id: number; pod: string; commit: string | null; isNew: boolean };

/** The processes that spoke first began nothing that one could see: they have no boundary. */
export function arrangeItems(lines: readonly NumberedLine[], filter: LogFilter): LogItem[] {
  const isWanted = makeFilter(filter);
  const pods = new Set<string>();
  const commits = new Set<string | null>();
  const items: LogItem[] = [];
  for (const line of lines) {
    const { pod, commit } = line;
    if (!pods.has(pod)) {
      if (pods.size > 0 && filter.request === "") {
        items.push({ kind: "boundary", key: `begin-${line.id}`, id: line.id, pod, commit, isNew: !commits.has(commit) });
      }
      pods.add(pod);
      commits.add(commit);
    }
    if (isWanted(line)) items.push({ kind: "line", key: String(line.id), line });
  }
  return items;
}

/** Those that were there when the newest line was this one. */
export function takeUntil(items: readonly LogItem[], newest: number): readonly LogItem[] {
  return items.filter((item) => (item.kind === "line" ? item.line.id : item.id) <= newest);
}

export function countLines(items: readonly LogItem[], after = -1): number {
  return items.reduce((count, item) => count + (item.kind === "line" && item.line.id > after ? 1 : 0), 0);
}

/** `1 line`, `5,000 new lines`. */
export function sayCount(count: number, kind = ""): string {
  return `${count.toLocaleString("en")} ${kind}${count === 1 ? "line" : "lines"}`;
}

/** Lines as a file has them: `<time> <level> <request id or -> <text>`. */
export function writeLines(items: readonly LogItem[]): string {
  return items
    .map((item) => (item.kind === "line" ? writeLine(item.line) : `-- ${sayBoundary(item)} --`))
    .map((text) => `${text}\n`)
    .join("");
}

export function writeLine({ at, level, requestId, text }: NumberedLine): string {
  return at === null ? text : `${at} ${level ?? "-"} ${requestId ?? "-"} ${text}`;
}

export function sayBoundary({ commit, isNew }: { commit: string | null; isNew: boolean }): string {
  if (commit === null) return "Another process begins";
  return isNew ? `Revision ${commit.slice(0, 7)} begins` : `Another process of ${commit.slice(0, 7)} begins`;
}
