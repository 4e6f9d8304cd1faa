import { describe, expect, it } from "vitest";
import { pairLines, parsePatch } from "./parse-patch";

const PATCH = `diff --git a/s/handler.py b/s/handler.py
index 1..2 100644
--- a/s/handler.py
+++ b/s/handler.py
@@ -1,4 +1,5 @@
 class Handler:
-    x = 1
-    y = 2
+    x = 3
+    y = 4
+    z = 5
     def run(self, req):
@@ -20 +21,0 @@ class Other:
--- a comment
\\ No newline at end of file
`;

describe("a patch", () => {
  it("has hunks with numbered lines on both sides", () => {
    const { hunks, isBinary } = parsePatch(PATCH);
    expect(isBinary).toBe(false);
    expect(hunks.map(({ heading }) => heading)).toEqual(["", "class Other:"]);
    expect(hunks[0]?.lines.map(({ kind, before, after }) => [kind, before, after])).toEqual([
      ["same", 1, 1],
      ["removed", 2, null],
      ["removed", 3, null],
      ["added", null, 2],
      ["added", null, 3],
      ["added", null, 4],
      ["same", 4, 5],
    ]);
    expect(hunks[1]?.lines).toEqual([{ kind: "removed", text: "-- a comment", before: 20, after: null }]);
  });

  it("of a binary file has none", () => {
    expect(parsePatch("diff --git a/x b/x\nBinary files a/x and b/x differ\n")).toEqual({ hunks: [], isBinary: true });
  });

  it("is paired side by side", () => {
    const lines = parsePatch(PATCH).hunks[0]?.lines ?? [];
    expect(pairLines(lines).map(([before, after]) => [before?.text.trim(), after?.text.trim()])).toEqual([
      ["class Handler:", "class Handler:"],
      ["x = 1", "x = 3"],
      ["y = 2", "y = 4"],
      [undefined, "z = 5"],
      ["def run(self, req):", "def run(self, req):"],
    ]);
  });

  it("without lines has no rows", () => {
    expect(pairLines([])).toEqual([]);
    expect(parsePatch("")).toEqual({ hunks: [], isBinary: false });
  });
});
