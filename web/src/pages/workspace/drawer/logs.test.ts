import { describe, expect, it } from "vitest";
import type { NumberedLine } from "@/api/logs";
import { isFiltering, readFilter, writeFilter, type LogFilter } from "./log-filter";
import { arrangeItems, countLines, sayBoundary, sayCount, takeUntil, writeLines } from "./log-items";
import { makeFilter } from "./log-terms";
import { findHeight, findShown, findTop, type Rows } from "./window";

const ALL: LogFilter = { text: "", level: "", request: "", instance: "" };

function say(id: number, text: string, given: Partial<NumberedLine> = {}): NumberedLine {
  return { id, text, at: "2026-01-01T00:00:00.000Z", level: "INFO", requestId: null, pod: "a", commit: "1234567890", complete: true, ...given };
}

describe("a filter", () => {
  it("is in the address, beside what else is there", () => {
    const search = writeFilter(new URLSearchParams("file=a.py&log=x"), { text: "b c", level: "error" });

    expect(search.toString()).toBe("file=a.py&log=b+c&level=error");
    expect(readFilter(search)).toEqual({ text: "b c", level: "error", request: "", instance: "" });
    expect(writeFilter(search, ALL).toString()).toBe("file=a.py");
    expect(isFiltering(readFilter(search))).toBe(true);
    expect(isFiltering(readFilter(new URLSearchParams("level=loud&instance=previous")))).toBe(false);
    expect(writeFilter(search, { instance: "previous" }).get("instance")).toBe("previous");
    expect(readFilter(new URLSearchParams("instance=other")).instance).toBe("");
  });

  it.each([
    [ALL, [0, 1, 2, 3]],
    [{ ...ALL, text: "HELLO" }, [0]],
    [{ ...ALL, text: "r1" }, [1]],
    [{ ...ALL, level: "warning" as const }, [2, 3]],
    [{ ...ALL, level: "info" as const }, [0, 1, 2, 3]],
    [{ ...ALL, request: "r1", text: "two" }, [1]],
    [{ ...ALL, level: "warning" as const, text: "-four" }, [2]],
  ])("of %j shows %j", (filter, ids) => {
    const lines = [say(0, "hello", { level: null }), say(1, "two", { requestId: "r1" }), say(2, "three", { level: "WARNING" }), say(3, "four", { level: "CRITICAL" })];

    expect(lines.filter(makeFilter(filter)).map(({ id }) => id)).toEqual(ids);
  });
});

describe("a list of lines", () => {
  const lines = [say(5, "one"), say(6, "two"), say(7, "three", { pod: "b" }), say(8, "four", { pod: "c", commit: "abcdefabcd" }), say(9, "five", { pod: "a" })];

  it("says where a process or a revision begins", () => {
    const items = arrangeItems(lines, ALL);

    expect(items.map(({ key }) => key)).toEqual(["5", "6", "begin-7", "7", "begin-8", "8", "9"]);
    expect(items.filter((item) => item.kind === "boundary").map(sayBoundary)).toEqual(["Another process of 1234567 begins", "Revision abcdefa begins"]);
    expect(sayBoundary({ commit: null, isNew: true })).toBe("Another process begins");
  });

  it("says them of lines that are not shown too, but not of one request's", () => {
    expect(arrangeItems(lines, { ...ALL, text: "five" }).map(({ key }) => key)).toEqual(["begin-7", "begin-8", "9"]);
    expect(arrangeItems(lines, { ...ALL, request: "none" })).toEqual([]);
  });

  it("counts and writes", () => {
    const items = arrangeItems(lines, ALL);

    expect([countLines(items), countLines(items, 6)]).toEqual([5, 3]);
    expect([sayCount(1, "new "), sayCount(5000, "new "), sayCount(2)]).toEqual(["1 new line", "5,000 new lines", "2 lines"]);
    expect(takeUntil(items, 7).map(({ key }) => key)).toEqual(["5", "6", "begin-7", "7"]);
    expect(writeLines(items.slice(1, 4))).toBe(
      "2026-01-01T00:00:00.000Z INFO - two\n-- Another process of 1234567 begins --\n2026-01-01T00:00:00.000Z INFO - three\n",
    );
    expect(writeLines([{ kind: "line", key: "1", line: say(1, "bare", { at: null }) }])).toBe("bare\n");
  });
});

describe("a window on rows", () => {
  const rows = { count: 10_000, row: 24, higher: [] };

  it.each([
    [0, 0, 15],
    [24_000, 992, 1015],
    [1_000_000, 9986, 10_000],
  ])("at %d pixels has the rows from %d to %d", (top, first, end) => {
    const shown = findShown(rows, top, 144);

    expect(shown).toEqual({ first, end, above: first * 24, below: (10_000 - end) * 24 });
  });

  it("knows of the one that is open", () => {
    const open: Rows = { count: 100, row: 20, higher: [[10, 1000]] };

    expect([findTop(10, open), findTop(11, open), findHeight(open)]).toEqual([200, 1220, 3000]);
    expect(findShown(open, 700, 100)).toEqual({ first: 2, end: 19, above: 40, below: 1620 });
    expect(findShown(open, 1240, 100)).toMatchObject({ first: 4, end: 26 });
    expect(findHeight({ ...open, count: 5 })).toBe(100);
  });

  it("knows of all that are higher, as long lines are that go on below", () => {
    const wrapped: Rows = { count: 100, row: 20, higher: [[0, 20], [1, 40], [50, 100]] };

    expect([0, 1, 2, 51].map((index) => findTop(index, wrapped))).toEqual([0, 40, 100, 1180]);
    expect(findHeight(wrapped)).toBe(2160);
    expect(findShown(wrapped, 1079, 20)).toMatchObject({ first: 42, end: 59 });
    expect(findShown(wrapped, 1179, 20)).toMatchObject({ first: 42, end: 60 });
  });

  it("of nothing is empty", () => {
    expect(findShown({ ...rows, count: 0 }, 0, 144)).toEqual({ first: 0, end: 0, above: 0, below: 0 });
  });
});
