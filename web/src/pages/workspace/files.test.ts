import { describe, expect, it } from "vitest";
import type { FileEntry } from "@/api/schema";
import { moveDrafts, type Step } from "./draft-moves";
import { NO_DRAFTS, reduceDrafts, type Drafts } from "./drafts";
import { findFault, readTarget, refuseMove, refusePlace } from "./path-rule";
import { findByName, findNeighbour, followKey, listParents, listRows, relocate } from "./tree";
import { judgeUploads, readUploads } from "./upload";

const PATHS = ["handler.py", "lib/deep/one.py", "lib/two.py", "service.yaml", "words/a.txt"];
const shown = (...open: string[]) => listRows(PATHS, new Set(open));
const names = (...open: string[]) => shown(...open).map(({ path }) => path);

describe("the tree", () => {
  it("has directories first, and what is in those that are open", () => {
    expect(names()).toEqual(["lib/", "words/", "handler.py", "service.yaml"]);
    expect(names("lib/")).toEqual(["lib/", "lib/deep/", "lib/two.py", "words/", "handler.py", "service.yaml"]);
    expect(names("lib/deep/")).toEqual(names());
  });

  it("says where each row is", () => {
    const row = shown("lib/").find(({ path }) => path === "lib/two.py");
    expect(row).toMatchObject({ name: "two.py", level: 2, position: 2, size: 2, isDirectory: false });
  });

  it("holds a file and a directory of one name apart", () => {
    expect(listRows(["a", "a/b"], new Set()).map(({ path }) => path)).toEqual(["a/", "a"]);
  });

  it.each([
    ["lib/", "ArrowDown", { to: "words/" }],
    ["words/", "ArrowUp", { to: "lib/" }],
    ["lib/", "ArrowUp", {}],
    ["words/", "Home", { to: "lib/" }],
    ["lib/", "End", { to: "service.yaml" }],
    ["lib/", "ArrowRight", { open: ["lib/"] }],
    ["lib/", "*", { open: ["lib/", "words/"] }],
    ["handler.py", "ArrowRight", {}],
    ["handler.py", "ArrowLeft", {}],
    ["handler.py", "q", undefined],
  ])("from %s, %s leads on", (path, key, step) => {
    expect(followKey(shown(), path, key)).toEqual(step);
  });

  it("is entered and left by the arrows to the side", () => {
    expect(followKey(shown("lib/"), "lib/", "ArrowRight")).toEqual({ to: "lib/deep/" });
    expect(followKey(shown("lib/"), "lib/two.py", "ArrowLeft")).toEqual({ to: "lib/" });
    expect(followKey(shown("lib/"), "lib/", "ArrowLeft")).toEqual({ close: "lib/" });
  });

  it("finds by what a name begins with, around the end", () => {
    expect(findByName(shown(), "service.yaml", "l")).toBe("lib/");
    expect(findByName(shown(), "handler.py", "ha")).toBe("handler.py");
    expect(findByName(shown(), "handler.py", "x")).toBeUndefined();
  });

  it("has a neighbour of what goes", () => {
    expect(findNeighbour(shown("lib/"), "lib/")).toBe("words/");
    expect(findNeighbour(shown(), "service.yaml")).toBe("handler.py");
  });

  it("knows directories and new names", () => {
    expect(listParents("a/b/c.py")).toEqual(["a/", "a/b/"]);
    expect(listParents("a/b/")).toEqual(["a/"]);
    expect([relocate("lib/two.py", "lib/", "src/"), relocate("library.py", "lib/", "src/"), relocate("a", "a", "b")]).toEqual(["src/two.py", "library.py", "b"]);
  });
});

describe("a path", () => {
  it.each(["a.py", "lib/x.py", "größe.txt", ".env", "a b"])("may be %j", (path) => {
    expect(findFault(path)).toBeNull();
  });

  it.each(["", "/a", "a/", "a//b", ".", "a/../b", "..a", "a\\b", ".git/config", ".GIT", ".git ", "git~1", ".gitmodules", "a\nb", "a\u202eb", "x".repeat(256), "ß".repeat(128)])(
    "may not be %j",
    (path) => {
      expect(findFault(path)).not.toBeNull();
    },
  );

  it("is where nothing is yet", () => {
    expect(refusePlace("lib/x.py", PATHS)).toBeNull();
    expect(refusePlace("lib/two.py", PATHS)).toContain("already");
    expect(refusePlace("lib", PATHS)).toContain("directory lib already");
    expect(refusePlace("handler.py/x", PATHS)).toContain("is a file");
    expect(refusePlace("new/", PATHS)).toContain("no empty directory");
  });

  it("of a row becomes another one", () => {
    expect(readTarget(" lib/ ", "handler.py", "handler.py")).toBe("lib/handler.py");
    expect(readTarget("src", "lib/", "lib")).toBe("src/");
    expect(refuseMove("lib/", "src/", PATHS)).toBeNull();
    expect(refuseMove("lib/", "lib/deeper/", PATHS)).toContain("into itself");
    expect(refuseMove("lib/", "words/", PATHS)).toContain("already");
    expect(refuseMove("handler.py", "handler.py", PATHS)).toBeNull();
  });
});

describe("drafts of files that move", () => {
  const drafts: Drafts = { ...NO_DRAFTS, texts: { "lib/two.py": "2", "handler.py": "1" }, pinned: "c1" };
  const step: Step = { base: "c1", commit: "c2", before: { "lib/two.py": "s2", "handler.py": "s1" }, after: { "src/two.py": "s2", "handler.py": "s1" } };

  it("have the new name, as changes of the commit that moved them", () => {
    const moved = reduceDrafts(drafts, { type: "changed", move: { from: "lib/", to: "src/" }, step });
    expect(moved).toMatchObject({ texts: { "src/two.py": "2", "handler.py": "1" }, pinned: "c2" });
  });

  it("stay changes of the older commit where others have changed one of them", () => {
    const theirs = { ...step, after: { ...step.after, "handler.py": "other" } };
    expect(moveDrafts(drafts, { from: "lib/", to: "src/" }, theirs).pinned).toBe("c1");
  });

  it("go with what is deleted", () => {
    expect(reduceDrafts({ ...drafts, texts: { "lib/two.py": "2" } }, { type: "changed", move: { from: "lib/", to: null }, step })).toBe(NO_DRAFTS);
  });
});

describe("an upload", () => {
  const entry = (path: string, size: number) => ({ path, size }) as FileEntry;
  const upload = (path: string, size: number) => ({ path, file: { size, arrayBuffer: () => Promise.resolve(new Uint8Array(size).buffer) } });

  it("is refused file by file", () => {
    const uploads = [upload("a.py", 300_000), upload("b.txt", 10), upload("..c", 1), upload("d.txt", 1), upload("handler.py", 1)];
    const { each, all } = judgeUploads(uploads, [entry("handler.py", 5)], { "d.txt": "typed" });
    expect(Object.keys(each)).toEqual(["a.py", "..c", "d.txt"]);
    expect(each["a.py"]).toBe("293 KiB: 256 KiB are the most.");
    expect(all).toBeNull();
  });

  it("has to fit into the service, counting what it replaces once", () => {
    expect(judgeUploads([upload("a.bin", 600_000)], [entry("b.bin", 400_000)], {}).all).toContain("900 KiB are the most");
    expect(judgeUploads([upload("b.bin", 600_000)], [entry("b.bin", 400_000)], {}).all).toBeNull();
    expect(judgeUploads([upload("new", 1)], Array.from({ length: 500 }, (_, index) => entry(`${index}`, 1)), {}).all).toContain("501 files");
  });

  it("is sent as bytes", async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
    const [sent] = await readUploads([{ path: "x.bin", file: { size: 70_000, arrayBuffer: () => Promise.resolve(bytes.buffer) } }], (path) => `shop/${path}`);
    expect(sent).toMatchObject({ op: "put", path: "shop/x.bin" });
    expect(Uint8Array.from(atob(sent?.contentBase64 ?? ""), (letter) => letter.charCodeAt(0))).toEqual(bytes);
  });
});
