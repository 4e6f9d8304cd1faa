import { describe, expect, it } from "vitest";
import type { PastCommit, PastRelease } from "@/api/schema";
import { arrange, sayDay } from "./arrange";

function make(sha: string, at: string, members: { via?: string; subject?: string; state?: string; email?: string } = {}): PastCommit {
  const { via = "web", subject = "Update a/handler.py", state = "live", email = "a@b.c" } = members;
  const releases = via === "none" ? [] : [{ via, state } as PastRelease];
  return { sha, subject, message: subject, author: { name: "A", email }, at, parents: [], services: ["a"], releases };
}

const shape = (commits: PastCommit[]) =>
  arrange(commits).map(({ entries }) => entries.map(({ commit, earlier }) => [commit.sha, ...earlier.map(({ sha }) => sha)].join("")));

describe("a history", () => {
  it("is grouped by day", () => {
    expect(shape([make("c", "2026-01-02T12:00:00Z", { via: "git" }), make("b", "2026-01-02T11:00:00Z", { via: "git" }), make("a", "2025-12-30T12:00:00Z")])).toEqual([["c", "b"], ["a"]]);
  });

  it("folds saves of one file by one person, each within ten minutes of the next", () => {
    expect(shape([make("c", "2026-01-02T12:10:00Z"), make("b", "2026-01-02T12:05:00Z"), make("a", "2026-01-02T11:56:00Z")])).toEqual([["cba"]]);
    expect(shape([make("b", "2026-01-02T12:30:00Z"), make("a", "2026-01-02T12:00:00Z")])).toEqual([["b", "a"]]);
  });

  it.each([{ via: "git" }, { subject: "Other" }, { state: "failed" }, { email: "x@y.z" }, { via: "none" }])("shows alone what is something else: %o", (members) => {
    expect(shape([make("b", "2026-01-02T12:05:00Z"), make("a", "2026-01-02T12:00:00Z", members)])).toEqual([["b", "a"]]);
  });
});

describe("a day", () => {
  it("is said as people say it", () => {
    const now = new Date("2026-03-01T12:00:00");
    expect([sayDay("2026-03-01", now), sayDay("2026-02-28", now)]).toEqual(["Today", "Yesterday"]);
    expect(sayDay("2026-01-02", now)).toBe("Friday, January 2, 2026");
  });
});
