import { describe, expect, it } from "vitest";
import type { Service } from "@/api/schema";
import { arrange, readView, sayOrder, sortBy, writeView, type View } from "./view";

function service(name: string, state: Service["status"]["state"], at: string, subject = "Change it"): Service {
  const status = { state, reason: null, sentence: null, message: null };
  return { name, at, subject, status, author: { name: "Ana", email: "" } } as Service;
}

const ALL = [
  service("bill", "live", "2026-11-30T10:00:00Z", "Round up"),
  service("auth2", "failed", "2026-11-30T09:00:00Z"),
  service("cart", "pending", "2026-11-30T11:00:00Z"),
];

function names(address: string): string[] {
  return arrange(ALL, readView(new URLSearchParams(address))).map(({ name }) => name);
}

describe("the services of a page", () => {
  it.each([
    ["", ["auth2", "bill", "cart"]],
    ["order=reverse", ["cart", "bill", "auth2"]],
    ["sort=status", ["auth2", "cart", "bill"]],
    ["sort=changed", ["cart", "bill", "auth2"]],
    ["sort=changed&order=reverse", ["auth2", "bill", "cart"]],
    ["show=failing", ["auth2"]],
    ["text=ROUND", ["bill"]],
    ["text=ana&show=deploying", ["cart"]],
    ["sort=constructor&show=toString&order=up", ["auth2", "bill", "cart"]],
  ])("of %s are these", (address, expected) => {
    expect(names(address)).toEqual(expected);
  });

  it("leave the address as they found it", () => {
    const view: View = { text: "a b", show: "failing", sort: "status", isReversed: true };
    const search = writeView(new URLSearchParams("other=1"), view);
    expect(search.toString()).toBe("other=1&text=a+b&show=failing&sort=status&order=reverse");
    expect(readView(search)).toEqual(view);
    expect(writeView(search, readView(new URLSearchParams())).toString()).toBe("other=1");
  });
});

describe("a head of a column", () => {
  it("says which way the rows go", () => {
    const byName = readView(new URLSearchParams());
    const back = sortBy(byName, "name");
    const newest = sortBy(back, "changed");
    expect([sayOrder(byName, "name"), sayOrder(back, "name")]).toEqual(["ascending", "descending"]);
    expect([sayOrder(newest, "changed"), sayOrder(sortBy(newest, "changed"), "changed")]).toEqual(["descending", "ascending"]);
    expect([newest.isReversed, sayOrder(newest, "name")]).toEqual([false, undefined]);
  });
});
