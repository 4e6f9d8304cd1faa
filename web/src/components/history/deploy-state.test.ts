import { describe, expect, it } from "vitest";
import type { PastRelease, Release } from "@/api/schema";
import { judgeRelease, wasLive } from "./deploy-state";

const AT = "2026-01-01T10:00:00.000Z";
const LATER = "2026-01-01T11:00:00.000Z";

function make(members: Partial<PastRelease>): PastRelease {
  const known = { id: "a@1", service: "a", commit: "1", tree: "t", state: "live", actor: "", via: "git", subject: "", createdAt: AT } as const;
  return { ...known, stages: {}, liveMs: null, reason: null, sentence: null, message: null, supersededBy: null, url: null, liveUntil: null, ...members };
}

const now = (commit: string) => ({ live: { commit, tree: "t" }, release: make({ commit, stages: { live: { at: LATER, ms: 1 } } }) as Release });

describe("what became of a commit", () => {
  it("is live where visitors get it", () => {
    expect(judgeRelease(make({ stages: { live: { at: AT, ms: 1 } } }), now("1"))).toEqual({ kind: "live" });
  });

  it("was live until something else was, as the server knows or as is live now", () => {
    const past = make({ stages: { live: { at: AT, ms: 1 } }, liveUntil: AT });
    expect(judgeRelease(past, now("2"))).toEqual({ kind: "was-live", from: AT, until: AT });
    expect(judgeRelease({ ...past, liveUntil: null }, now("2"))).toEqual({ kind: "was-live", from: AT, until: LATER });
    expect(judgeRelease({ ...past, liveUntil: null }, undefined)).toEqual({ kind: "was-live", from: AT, until: null });
  });

  it("failed with what was said of it, unless it is live all the same", () => {
    const failed = make({ state: "failed", sentence: "It broke." });
    expect(judgeRelease(failed, now("2"))).toEqual({ kind: "failed", sentence: "It broke." });
    expect(judgeRelease(failed, now("1"))).toEqual({ kind: "live" });
    expect(judgeRelease({ ...failed, state: "superseded", reason: "ImportFailed" }, now("2")).kind).toBe("failed");
    expect(judgeRelease({ ...failed, state: "superseded", reason: "PruneHeld" }, now("2")).kind).toBe("superseded");
  });

  it("has states of its own while it is on its way and where it ended otherwise", () => {
    expect(judgeRelease(make({ state: "pending" }), now("2")).kind).toBe("working");
    expect(judgeRelease(make({ state: "superseded" }), now("2")).kind).toBe("superseded");
    expect(judgeRelease(make({ state: "removed", stages: { live: { at: AT, ms: 1 } } }), undefined).kind).toBe("removed");
  });

  it("can be gone back to where it was ever live", () => {
    expect(wasLive(make({ stages: { live: { at: AT, ms: 1 } }, state: "superseded" }))).toBe(true);
    expect(wasLive(make({ stages: {}, state: "failed" }))).toBe(false);
    expect(wasLive(make({ stages: { live: { at: AT, ms: 1 } }, state: "removed" }))).toBe(false);
  });
});
