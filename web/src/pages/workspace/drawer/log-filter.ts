/** Which lines of a log are shown: said in the address, so that a link shows the same. Pure. */
import type { LogLine } from "@/api/schema";

export const LEVELS = ["debug", "info", "warning", "error"] as const;
export type Level = (typeof LEVELS)[number];

/** `level`: it and worse ones. Empty where all are wanted. */
export interface LogFilter {
  text: string;
  level: Level | "";
  request: string;
}

/** The members of the address's query. */
const NAMES: Record<keyof LogFilter, string> = { text: "log", level: "level", request: "request" };

export function readFilter(search: URLSearchParams): LogFilter {
  return {
    text: search.get(NAMES.text) ?? "",
    level: LEVELS.find((level) => level === search.get(NAMES.level)) ?? "",
    request: search.get(NAMES.request) ?? "",
  };
}

/** The address's query with another filter; what else is in it stays. */
export function writeFilter(search: URLSearchParams, change: Partial<LogFilter>): URLSearchParams {
  const next = new URLSearchParams(search);
  for (const [name, value] of Object.entries({ ...readFilter(search), ...change })) {
    if (value === "") next.delete(NAMES[name as keyof LogFilter]);
    else next.set(NAMES[name as keyof LogFilter], value);
  }
  return next;
}

export function isFiltering({ text, level, request }: LogFilter): boolean {
  return text !== "" || level !== "" || request !== "";
}

/** What nobody has given a level is worth as much as what is printed. */
function rank(level: string | null): number {
  const known = LEVELS.findIndex((name) => name === level?.toLowerCase());
  if (known >= 0) return known;
  return level === "CRITICAL" || level === "FATAL" ? LEVELS.length : 1;
}

/** A function that says whether a line is wanted; upper and lower case are the same. */
export function makeFilter({ text, level, request }: LogFilter): (line: LogLine) => boolean {
  const wanted = text.toLowerCase();
  const least = level === "" ? -1 : rank(level);
  return (line) =>
    (request === "" || line.requestId === request) &&
    (least < 0 || rank(line.level) >= least) &&
    (wanted === "" || line.text.toLowerCase().includes(wanted) || line.requestId === text);
}
