import { describe, expect, it } from "vitest";
import type { FileEntry } from "@/api/schema";
import { listDirectory, placeFile, saySize } from "./place";

const entry = (path: string): FileEntry => ({ path, mode: "100644", size: 7, sha: "0" });

describe("a directory", () => {
  const files = ["handler.py", "lib/a.py", "lib/deep/b.py", "apt.txt"].map(entry);

  it("has directories first, then files, each once", () => {
    expect(listDirectory(files, "").map(({ name, size }) => [name, size])).toEqual([["lib", undefined], ["apt.txt", 7], ["handler.py", 7]]);
    expect(listDirectory(files, "lib").map(({ name }) => name)).toEqual(["deep", "a.py"]);
  });

  it("is empty where there is none", () => {
    expect(listDirectory(files, "li")).toEqual([]);
  });
});

it("a path in the repository is below the service's directory, which may be the root", () => {
  expect([placeFile("shop", "a/b.py"), placeFile("", "a.py"), placeFile("shop", "")]).toEqual(["shop/a/b.py", "a.py", "shop"]);
});

it("a size has a fitting unit", () => {
  expect([saySize(61), saySize(1234), saySize(2_500_000)]).toEqual(["61 B", "1.2 kB", "2.5 MB"]);
});
