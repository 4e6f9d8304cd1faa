import { describe, expect, it } from "vitest";
import { findNearest } from "./nearest";

describe("did you mean", () => {
  it.each([["dmeo", "demo"], ["Demo", "demo"], ["deo", "demo"], ["demoo", "demo"], ["srevices", "services"]])("%s → %s", (name, meant) => {
    expect(findNearest(name, ["acme", "demo", "services"])).toBe(meant);
  });

  it.each(["xyzw", "completely-else", ""])("nothing is like %j", (name) => {
    expect(findNearest(name, ["acme", "demo"])).toBeUndefined();
  });

  it("has nothing to say without candidates", () => {
    expect(findNearest("demo", [])).toBeUndefined();
  });
});
