import { describe, expect, it } from "vitest";
import { changeFilter, readFilter } from "./filter";

describe("what is looked for", () => {
  it("is in the address", () => {
    const search = new URLSearchParams("service=shop&author=ana&via=web&failed=true&text=fix&path=a/b");
    expect(readFilter(search)).toEqual({ service: "shop", author: "ana", via: "web", failed: true, text: "fix", path: "a/b" });
  });

  it("is nothing where the address says nothing that is known", () => {
    expect(readFilter(new URLSearchParams("via=pigeon&failed=maybe&text=&other=1"))).toEqual({});
  });

  it("is changed a word at a time", () => {
    const search = new URLSearchParams("service=shop");
    expect(changeFilter(search, "text", "a b").toString()).toBe("service=shop&text=a+b");
    expect(changeFilter(search, "service", "").toString()).toBe("");
    expect(search.toString()).toBe("service=shop");
  });
});
