import { expect, it } from "vitest";
import { findStart, makeSeam, takeSince } from "./log-seam";
import type { LogLine } from "./schema";

function say(text: string, at: string | null = "2026-01-01T00:00:01.000Z", pod = "a"): LogLine {
  return { text, at, pod, level: "INFO", requestId: null, commit: null, complete: true };
}

it("what is read again is not new, as often as it was there", () => {
  const isNew = makeSeam([say("tick"), say("tick"), say("tock")]);

  expect([say("tick"), say("tick"), say("tick"), say("tock"), say("tock")].map(isNew)).toEqual([false, false, true, false, true]);
});

it("the same of another process, or at another time, is new", () => {
  const isNew = makeSeam([say("tick")]);

  expect([say("tick", "2026-01-01T00:00:02.000Z"), say("tick", null), say("tick", undefined, "b")].map(isNew)).toEqual([true, true, true]);
});

it("it goes on a little before the last time that is known", () => {
  expect(findStart([say("a"), say("b", null)], 5_000)).toBe("2025-12-31T23:59:56.000Z");
  expect(findStart([say("b", null)], 5_000)).toBeNull();
  expect(findStart([], 5_000)).toBeNull();
});

it("only what is read again can be known already", () => {
  const [old, untimed, late] = [say("a", "2026-01-01T00:00:01.000Z"), say("b", null), say("c", "2026-01-01T00:00:09.000Z")];

  expect(takeSince([old, untimed, late], "2026-01-01T00:00:05.000Z")).toEqual([late]);
  expect(takeSince([old, untimed, late], null)).toEqual([old, untimed, late]);
  expect(takeSince([old], "2026-01-01T00:00:05.000Z")).toEqual([]);
});
