import { describe, expect, it } from "vitest";
import { rank } from "./rank";

const ENTRIES = ["Services", "shop", "Roll back shop", "Roll back invoices", "shop/handler.py", "Logs of shop", "workshop"].map((text) => ({ id: text, text }));

function find(query: string, recent: string[] = []): string[] {
  return rank(query, ENTRIES, recent).map(({ text }) => text);
}

describe("what is found", () => {
  it("has every word, whole ones first", () => {
    expect(find("roll shop")).toEqual(["Roll back shop"]);
    expect(find("shop")).toEqual(["shop", "Roll back shop", "shop/handler.py", "Logs of shop", "workshop"]);
    expect(find("hand")).toEqual(["shop/handler.py"]);
  });

  it("may have letters between", () => {
    expect(find("rbs")).toEqual(["Roll back shop", "Roll back invoices"]);
    expect(find("shpy")).toEqual(["shop/handler.py"]);
    expect(find("zzz")).toEqual([]);
  });

  it("is everything where nothing is typed, the latest first", () => {
    expect(find("", ["Logs of shop", "shop"]).slice(0, 3)).toEqual(["Logs of shop", "shop", "Services"]);
    expect(find("roll", ["Roll back invoices"])[0]).toBe("Roll back invoices");
  });
});
