/**
 * What somebody types to find lines of a log: `timed out -health /5\d\d/ level:warning since:10m @user.id:7`. Pure.
 * Not for log-filter.ts, which is there before a log is looked at: how the address says it.
 */
import type { LogLine } from "@/api/schema";
import type { LogFilter } from "./log-filter";
import { LEVELS, rankLevel } from "./log-levels";

type Test = (line: LogLine) => boolean;

/** `problems`: what of it cannot be understood, in words. It is left out: the rest narrows the log as it says. */
export interface Terms {
  wants: Test;
  problems: string[];
}

// An expression ends where a word does: `/api/v1` is a text.
const TERM = /(?<not>-?)(?:\/(?<pattern>(?! )(?:\\.|[^\\/])+)\/|"(?<exact>[^"]+)"|(?<name>level|req|rev|since|@[\w.-]+):(?<value>\S*)|(?<word>\S+))(?=\s|$)/g;
const SPAN = /^(\d{1,7})([smhd])$/;
const MILLISECONDS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A function that says whether a line is wanted. */
export function makeFilter({ text, level, request }: LogFilter, now = Date.now()): Test {
  const { wants } = readTerms(text, now);
  const least = level === "" ? -1 : rankLevel(level);
  return (line) => (request === "" || line.requestId === request) && (least < 0 || rankLevel(line.level) >= least) && wants(line);
}

/** Words beside each other are one text; upper and lower case are the same. `now`: in milliseconds, for `since:10m`. */
export function readTerms(text: string, now: number): Terms {
  const tests: Test[] = [];
  const problems: string[] = [];
  let phrase: { from: number; to: number } | null = null;
  const endPhrase = () => {
    if (phrase !== null) tests.push(holds(text.slice(phrase.from, phrase.to)));
    phrase = null;
  };
  for (const match of text.matchAll(TERM)) {
    const { not, word } = match.groups ?? {};
    if (word !== undefined && not === "") {
      phrase = { from: (phrase ?? { from: match.index }).from, to: match.index + match[0].length };
      continue;
    }
    endPhrase();
    const test = readTerm(match.groups ?? {}, now);
    if (typeof test === "string") problems.push(test);
    else if (test !== null) tests.push(not === "" ? test : (line) => !test(line));
  }
  endPhrase();
  return { wants: (line) => tests.every((test) => test(line)), problems };
}

/** Null where its value is still to be typed; a text where it cannot be understood. */
function readTerm({ pattern, exact, name, value = "", word = "" }: Record<string, string | undefined>, now: number): Test | string | null {
  if (pattern !== undefined) return readPattern(pattern);
  if (name === undefined) return holds(exact ?? word);
  if (value === "") return null;
  if (name.startsWith("@")) return hasField(name.slice(1).split("."), value.toLowerCase());
  if (name === "level") return isAsBad(value.toLowerCase());
  if (name === "since") return cameSince(value, now);
  if (name === "req") return ({ requestId }) => requestId?.includes(value) ?? false;
  return ({ commit }) => commit?.startsWith(value.toLowerCase()) ?? false;
}

function holds(text: string): Test {
  const wanted = text.toLowerCase();
  return (line) => line.text.toLowerCase().includes(wanted) || line.requestId === text;
}

function readPattern(pattern: string): Test | string {
  try {
    const expression = new RegExp(pattern, "i");
    return ({ text }) => expression.test(text);
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split(": ").slice(-1);
    return `/${pattern}/ is no expression: ${reason?.toLowerCase() ?? ""}`;
  }
}

function isAsBad(level: string): Test | string {
  if (!LEVELS.some((name) => name === level)) return `there is no level ${level}: ${LEVELS.join(", ")}`;
  return (line) => rankLevel(line.level) >= rankLevel(level);
}

function cameSince(value: string, now: number): Test | string {
  const [, count, unit = ""] = SPAN.exec(value) ?? [];
  const from = count === undefined ? Date.parse(value) : now - Number(count) * (MILLISECONDS[unit] ?? 0);
  if (Number.isNaN(from)) return `since:${value} is neither like since:10m nor a time`;
  return ({ at }) => at !== null && Date.parse(at) >= from;
}

/** Of a line that is JSON: a text holds the value, anything else is it. */
function hasField(path: readonly string[], wanted: string): Test {
  return ({ text }) => {
    const found = path.reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), readObject(text));
    return typeof found === "string" ? found.toLowerCase().includes(wanted) : JSON.stringify(found) === wanted;
  };
}

function readObject(text: string): unknown {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
