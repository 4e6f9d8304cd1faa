import { describe, expect, it } from "vitest";
import { countLeft, decide, meetSides, type Merges } from "./merges";

const side = (path: string, theirs: string | null, theirsSha: string | null = theirs) => ({ path, theirs, theirsSha });
const choose = (merges: Merges, path: string, choice: "mine" | "theirs" | "merge", merged: string | null = null): Merges => {
  const merge = merges[path];
  if (merge === undefined) throw new Error(path);
  return { ...merges, [path]: { ...merge, choice, merged } };
};

describe("sides that were met", () => {
  const first = meetSides({}, "c1", [side("a", "A"), side("b", "B")]);

  it("are to be decided, each by itself", () => {
    expect(countLeft(first)).toBe(2);
    expect(countLeft(choose(first, "a", "mine"))).toBe(1);
  });

  it("are asked again where they have moved, and keep what was typed", () => {
    const decided = choose(choose(first, "a", "merge", "both"), "b", "mine");
    const again = meetSides(decided, "c2", [side("a", "A2")]);
    expect(again.a).toMatchObject({ theirs: "A2", base: "c2", choice: null, merged: "both", hasMoved: true });
    expect(again.b).toMatchObject({ base: "c1", choice: "mine", hasMoved: false });
  });

  it("stay decided where they are as they were", () => {
    expect(meetSides(choose(first, "a", "theirs"), "c2", [side("a", "A")]).a).toMatchObject({ base: "c2", choice: "theirs" });
  });
});

it("one commit has what each was decided to be, on what it was decided", () => {
  let merges = meetSides({}, "c2", [side("a", "A"), side("b", "B"), side("c", "C")]);
  merges = choose(choose(choose(merges, "a", "mine"), "b", "theirs"), "c", "merge", "both");
  expect(decide({ a: "a", b: "b", c: "c", apart: "x" }, merges)).toEqual({
    texts: { a: "a", c: "both", apart: "x" },
    bases: { a: "c2", c: "c2" },
    taken: { b: "b" },
  });
});
