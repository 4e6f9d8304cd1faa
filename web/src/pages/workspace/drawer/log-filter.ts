/** Which lines of a log are shown: said in the address, so that a link shows the same. Pure. */
import { LEVELS, type Level } from "./log-levels";

/** `text`: as log-terms.ts has it. `level`: it and worse ones. Empty where all are wanted. */
export interface LogFilter {
  text: string;
  level: Level | "";
  request: string;
  /** Of which processes: those that run, or those before them, as `kubectl logs -p` has them. */
  instance: "" | "previous";
}

/** The members of the address's query. */
const NAMES: Record<keyof LogFilter, string> = { text: "log", level: "level", request: "request", instance: "instance" };

export function readFilter(search: URLSearchParams): LogFilter {
  return {
    text: search.get(NAMES.text) ?? "",
    level: LEVELS.find((level) => level === search.get(NAMES.level)) ?? "",
    request: search.get(NAMES.request) ?? "",
    instance: search.get(NAMES.instance) === "previous" ? "previous" : "",
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

/** Are some lines of an instance left out? */
export function isFiltering({ text, level, request }: LogFilter): boolean {
  return text !== "" || level !== "" || request !== "";
}
