/** What became of a commit in one service, in a word. Pure. */
import type { PastRelease, Release, Service } from "@/api/schema";

export type DeployState =
  | { kind: "live" }
  /** `until` null: not known, since what took its place was not heard of here. */
  | { kind: "was-live"; from: string; until: string | null }
  | { kind: "failed"; sentence: string }
  | { kind: "working" | "held" | "removed" | "superseded" };

/** `service` is how the service is now; undefined where it is gone. */
export function judgeRelease(release: PastRelease, service: Pick<Service, "live" | "release"> | undefined): DeployState {
  const isLive = service?.live?.commit === release.commit;
  const from = release.stages.live?.at;
  if (hasFailed(release) && !isLive) return { kind: "failed", sentence: sayFailure(release) };
  if (release.state === "removed" || release.state === "held") return { kind: release.state };
  if (isLive) return { kind: "live" };
  if (from !== undefined) return { kind: "was-live", from, until: release.liveUntil ?? findEnd(from, service) };
  return { kind: release.state === "superseded" ? "superseded" : "working" };
}

/** Was it ever what visitors got? Then one may go back to it. */
export function wasLive(release: Pick<Release, "stages" | "state">): boolean {
  return release.stages.live !== undefined && release.state !== "removed";
}

/** What has failed keeps its reason when another one takes its place; the reason of a held removal is none. */
export function hasFailed({ state, reason }: Pick<Release, "state" | "reason">): boolean {
  return state === "failed" || (state === "superseded" && reason !== null && reason !== "PruneHeld");
}

export function sayFailure(release: Pick<Release, "sentence" | "reason">): string {
  return release.sentence ?? release.reason ?? "no reason was given";
}

/** What is live now began when the one before ended. */
function findEnd(from: string, service: Pick<Service, "live" | "release"> | undefined): string | null {
  const now = service?.release;
  const began = now?.commit === service?.live?.commit ? now?.stages.live?.at : undefined;
  return began !== undefined && began > from ? began : null;
}
