import { describe, expect, it } from "vitest";
import * as paths from "./paths";

const SHA = "0123456789abcdef0123456789abcdef01234567";

describe("the address of a file", () => {
  it.each([
    ["handler.py", {}],
    ["lib/a b.py", { ref: SHA }],
    ["x@y.txt", { ref: SHA, line: 3 }],
    ["handler.py", { line: 3, lastLine: 9 }],
    ["", { ref: SHA }],
  ])("is taken apart as it was put together: %s %o", (path, place) => {
    const { pathname, hash } = new URL(paths.file("acme", "shop", path, place), "http://x");
    const rest = decodeURIComponent(pathname.replace("/t/acme/s/shop/files/", ""));
    expect(paths.readFile(rest, hash)).toEqual({ path, ref: undefined, line: undefined, lastLine: undefined, ...place });
  });

  it("names no commit where the name alone has an @", () => {
    expect(paths.readFile("a@b.py", "").path).toBe("a@b.py");
    expect(paths.readFile("lib/", "#x")).toEqual({ path: "lib", ref: undefined, line: undefined, lastLine: undefined });
  });
});
