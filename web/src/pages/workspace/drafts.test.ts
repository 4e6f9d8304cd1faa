import { describe, expect, it } from "vitest";
import { NO_DRAFTS, reduceDrafts, type Drafts } from "./drafts";

const typed = (path: string, text: string, saved: string | null = "old") => ({ type: "edit", path, text, saved, base: "c1" }) as const;
const two: Drafts = { texts: { a: "1", b: "2" }, pinned: "c1", merges: {} };

describe("drafts", () => {
  it("are pinned to the commit that they began on, whatever comes later", () => {
    const one = reduceDrafts(NO_DRAFTS, typed("a", "1"));
    expect(reduceDrafts(one, { ...typed("b", "2"), base: "c2" })).toEqual(two);
  });

  it("are none again when a text is what it was", () => {
    expect(reduceDrafts(reduceDrafts(NO_DRAFTS, typed("a", "1")), typed("a", "old"))).toBe(NO_DRAFTS);
  });

  it("go with the commit that took them", () => {
    expect(reduceDrafts(two, { type: "landed", sent: two.texts, isDecided: false, commit: "c2", isNext: true })).toBe(NO_DRAFTS);
  });

  it("stay where more was typed meanwhile, as changes of what landed", () => {
    const landed = { type: "landed", sent: { a: "0", b: "2" }, isDecided: false, commit: "c2", isNext: true } as const;
    expect(reduceDrafts(two, landed)).toEqual({ texts: { a: "1" }, pinned: "c2", merges: {} });
  });

  it("stay changes of the older commit where the commit was a merge", () => {
    const landed = { type: "landed", sent: { a: "0", b: "2" }, isDecided: false, commit: null, isNext: true } as const;
    expect(reduceDrafts(two, landed)).toEqual({ texts: { a: "1" }, pinned: "c1", merges: {} });
  });

  it("stay changes of the older commit where others may have changed a file that was not sent", () => {
    const landed = { type: "landed", sent: { b: "2" }, isDecided: false, commit: "c3", isNext: false } as const;
    expect(reduceDrafts(two, landed)).toEqual({ texts: { a: "1" }, pinned: "c1", merges: {} });
    expect(reduceDrafts(two, { ...landed, isNext: true }).pinned).toBe("c3");
    expect(reduceDrafts(two, { ...landed, sent: { a: "0", b: "2" } }).pinned).toBe("c3");
  });

  it("go when a conflict is decided, whatever they said", () => {
    const decided = { type: "landed", sent: { a: "both" }, isDecided: true, commit: null, isNext: true } as const;
    expect(reduceDrafts(two, decided)).toEqual({ texts: { b: "2" }, pinned: "c1", merges: {} });
  });

  it("are asked about again when they are edited, and keep what was typed as a merge", () => {
    const sides = [{ path: "a", theirs: "A", theirsSha: "s" }];
    let drafts = reduceDrafts(two, { type: "met", head: "c2", sides, isDecided: false });
    drafts = reduceDrafts(reduceDrafts(drafts, { type: "merge", path: "a", text: "both" }), { type: "choose", path: "a", choice: "merge" });
    expect(drafts.merges.a).toMatchObject({ choice: "merge", merged: "both", base: "c2" });
    expect(reduceDrafts(drafts, typed("a", "3")).merges.a).toMatchObject({ choice: null, merged: "both" });
    expect(reduceDrafts(drafts, typed("a", "old")).merges).toEqual({});
  });

  it("keep a new file that is still empty", () => {
    expect(reduceDrafts(NO_DRAFTS, typed("new", "", null)).texts).toEqual({ new: "" });
  });
});
