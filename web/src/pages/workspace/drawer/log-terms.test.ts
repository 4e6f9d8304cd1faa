import { describe, expect, it } from "vitest";
import type { LogLine } from "@/api/schema";
import { readTerms } from "./log-terms";

const NOW = Date.parse("2026-01-01T01:00:00Z");

function say(text: string, given: Partial<LogLine> = {}): LogLine {
  return { text, at: "2026-01-01T00:59:00Z", level: "INFO", requestId: null, pod: "a", commit: "1234567890", complete: true, ...given };
}

const LINES = [
  say("GET /api/v1 timed out"),
  say("GET /health 200", { at: "2026-01-01T00:30:00Z", requestId: "r-7f3c" }),
  say("out of time: 503", { level: "WARNING", commit: "abcdef0123" }),
  say('{"user": {"id": 7, "name": "Ada"}, "ok": true, "none": null}', { level: "ERROR" }),
  say("bare -x", { at: null, level: null, commit: null }),
];

describe("what is typed to find lines", () => {
  it.each([
    ["", [0, 1, 2, 3, 4]],
    ["  ", [0, 1, 2, 3, 4]],
    ["timed OUT", [0]], // beside each other
    ["out  timed", []],
    ["out -timed", [2]],
    ["time -timed out", [2]], // two texts
    ["-get -out", [3, 4]],
    ["/api/v1", [0]], // no expression
    ["/(get|out) .*\\d{3}/", [1, 2]],
    ["/\\/v\\d/", [0]],
    ["-/\\d/", [4]],
    ['"-x"', [4]],
    ['-"timed out"', [1, 2, 3, 4]],
    ["r-7f3c", [1]],
    ["req:7f3c", [1]],
    ["-req:7f3c get", [0]],
    ["rev:ABCDEF0", [2]],
    ["level:warning", [2, 3]],
    ["-level:WARNING -bare", [0, 1]],
    ["since:10m", [0, 2, 3]],
    ["since:2026-01-01T00:30:00Z get", [0, 1]],
    ["@user.id:7", [3]],
    ["@user.name:ad", [3]],
    ["@ok:true @none:null", [3]],
    ["@user.id:70", []],
    ["@user.name.first:a", []],
    ["level: since: @ok: get", [0, 1]], // being typed
    ["time: 503", [2]], // no name of ours
    ["-", [4]],
  ])("%j shows %j", (text, ids) => {
    const { wants, problems } = readTerms(text, NOW);

    expect(LINES.flatMap((line, id) => (wants(line) ? [id] : []))).toEqual(ids);
    expect(problems).toEqual([]);
  });

  it.each([
    ["/(/", "/(/ is no expression: unterminated group"],
    ["level:loud", "there is no level loud: debug, info, warning, error"],
    ["since:soon", "since:soon is neither like since:10m nor a time"],
  ])("%j cannot be understood, which is said, and the rest of it is", (text, problem) => {
    const { wants, problems } = readTerms(`${text} health`, NOW);

    expect(problems).toEqual([problem]);
    expect(LINES.filter(wants)).toEqual([LINES[1]]);
  });
});
