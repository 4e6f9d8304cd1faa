import { describe, expect, it } from "vitest";
import type { Pod } from "@/api/schema";
import { countReady, findEnd, sayEnd } from "./pods";

function pod(state: Pod["state"], goneBy: string | null = null): Pod {
  return { state, goneBy } as Pod;
}

describe("pods in words", () => {
  it("are counted", () => {
    expect(countReady([pod("ready"), pod("failed"), pod("going")], 2)).toBe("1 of 2 ready");
    expect(countReady([], null)).toBe("0 ready");
  });

  it("say how they ended", () => {
    const end = (reason: string, exitCode: number | null) => sayEnd({ reason, exitCode, at: null });
    expect(end("OutOfMemory", 137)).toMatch(/resources\.memory/);
    expect(end("ImportFailed", 1)).toMatch(/import/);
    expect([end("Exited", 3), end("Exited", null)]).toEqual(["ended with status 3", "ended"]);
  });

  it("end when the last one does", () => {
    expect(findEnd([pod("ready")])).toBeNull();
    expect(findEnd([pod("going", "2026-11-30T10:00:00Z"), pod("going", "2026-11-30T10:00:09Z"), pod("ready")])).toBe(Date.parse("2026-11-30T10:00:09Z"));
  });
});
