import { describe, expect, it } from "vitest";
import { findCause, readTraceback } from "./traceback";

const TEXT = `Traceback (most recent call last):
  File "/srv/runtime/worker.py", line 10, in load
  File "/srv/ab12/lib/tax.py", line 3, in <module>
    1 / 0
ZeroDivisionError: division by zero`;

describe("a traceback", () => {
  it("has places in the files of the service alone", () => {
    const lines = readTraceback(TEXT, ["handler.py", "lib/tax.py"]);
    expect(lines.map(({ place }) => place)).toEqual([null, null, { file: "lib/tax.py", line: 3 }, null, null]);
    expect(lines.map(({ text }) => text).join("\n")).toBe(TEXT);
  });

  it("has the innermost place as its cause", () => {
    expect(findCause({ message: `${TEXT}\nFile "handler.py", line 7` }, ["handler.py", "lib/tax.py"])).toEqual({ file: "handler.py", line: 7 });
    expect(findCause({ message: null }, ["handler.py"])).toBeNull();
  });
});
