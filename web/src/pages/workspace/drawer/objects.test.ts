import { describe, expect, it } from "vitest";
import type { Resource } from "@/api/schema";
import { findChildren, keyOf, sayDifference } from "./objects";

const DEPLOYMENT: Resource = {
  kind: "Deployment",
  name: "hello",
  namespace: "tnt-12345678",
  parent: null,
  state: "ready",
  sentence: "1 of 1 running",
  createdAt: "2026-11-30T10:00:00Z",
  live: "kind: Deployment\n",
  desired: "kind: Deployment\n",
  patch: "",
  applied: true,
  differences: [],
};
const POD: Resource = { ...DEPLOYMENT, kind: "Pod", name: "hello-1", parent: "Deployment/hello", desired: null, patch: null, applied: false };
const TAKEN = { field: "spec.replicas", manager: "kubectl-edit", operation: "Update", changedAt: null };

describe("objects", () => {
  it("stand below what made them", () => {
    expect(findChildren([DEPLOYMENT, POD], null).map(keyOf)).toEqual(["Deployment/hello"]);
    expect(findChildren([DEPLOYMENT, POD], DEPLOYMENT).map(keyOf)).toEqual(["Pod/hello-1"]);
    expect(findChildren([POD], null).map(keyOf)).toEqual(["Pod/hello-1"]);
  });

  it("say how they differ, and by whom", () => {
    expect(sayDifference(DEPLOYMENT)).toBeNull();
    expect(sayDifference(POD)).toBeNull();
    expect(sayDifference({ ...DEPLOYMENT, live: null, patch: null })).toBe("not on the cluster");
    expect(sayDifference({ ...DEPLOYMENT, differences: [TAKEN, TAKEN] })).toBe("changed by kubectl-edit");
    expect(sayDifference({ ...DEPLOYMENT, patch: "-a\n+b\n" })).toBe("not as main says");
    expect(sayDifference({ ...DEPLOYMENT, patch: "-a\n+b\n", applied: false })).toBe("not applied yet");
  });
});
