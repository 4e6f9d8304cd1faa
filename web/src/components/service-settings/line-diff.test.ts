import { describe, expect, it } from "vitest";
import { diffLines } from "./line-diff";

const MARKS = { same: " ", removed: "-", added: "+" };
const show = (before: string, after: string) => diffLines(before, after).map(({ kind, text }) => MARKS[kind] + text);

describe("two texts", () => {
  it("that are the same differ in nothing", () => {
    expect(show("a\nb\n", "a\nb\n")).toEqual([]);
    expect(show("a\r\nb\r\n", "a\nb")).toEqual([]);
  });

  it("differ in lines, with two around them", () => {
    expect(show("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nX\ne\nf\n")).toEqual([" b", " c", "-d", "+X", " e", " f"]);
    expect(show("", "a: 1\n")).toEqual(["+a: 1"]);
    expect(show("a\nb\n", "b\n")).toEqual(["-a", " b"]);
    expect(show("a\n", "a\nb\nc\n")).toEqual([" a", "+b", "+c"]);
  });
});
