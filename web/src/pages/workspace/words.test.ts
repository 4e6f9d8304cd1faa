import { describe, expect, it } from "vitest";
import { markProblems } from "./editor/marks";
import { findPlace } from "@/components/history/traceback";
import { relativePath, wholePath } from "./operations";

describe("a place in a traceback", () => {
  const text = 'Traceback\n  File "/run/x/app/handler.py", line 7, in run\n  File "/usr/lib/python3/json.py", line 3\nValueError';

  it("is the innermost in the service's own files", () => {
    expect(findPlace(text, ["handler.py", "other.py"])).toEqual({ file: "handler.py", line: 7 });
  });

  it("is nowhere in others' code", () => {
    expect(findPlace(text, ["main.py"])).toBeNull();
  });
});

describe("paths", () => {
  it.each([["shop", "a/b.py", "shop/a/b.py"], ["", "a.py", "a.py"]])("of a service at %j", (path, below, whole) => {
    expect(wholePath({ path }, below)).toBe(whole);
    expect(relativePath({ path }, whole)).toBe(below);
  });
});

it("problems without a line are at the first, and only those of the file", () => {
  const problems = [
    { type: "/problems/python-syntax", detail: "no", file: "s/a.py", line: 3, column: 5 },
    { type: "/problems/python-syntax", detail: "what", hint: "so", file: "s/a.py" },
    { type: "/problems/python-syntax", detail: "else", file: "s/b.py" },
  ] as unknown as Parameters<typeof markProblems>[0];
  expect(markProblems(problems, "s/a.py")).toEqual([
    { line: 3, column: 5, text: "no" },
    { line: 1, column: 1, text: "what (so)" },
  ]);
});
