/** Pods in words. Pure. */
import type { Pod, PodEnd, PodState } from "@/api/schema";

export interface Look {
  sign: string;
  word: string;
}

export const LOOKS: Record<PodState, Look> = {
  ready: { sign: "✓", word: "Ready" },
  starting: { sign: "◐", word: "Starting" },
  failed: { sign: "✕", word: "Failed" },
  going: { sign: "⌫", word: "Terminating" },
};

/** How many answer, of how many that are wanted; null: the descriptor does not say. */
export function countReady(pods: readonly Pod[], wanted: number | null): string {
  const ready = pods.filter(({ state }) => state === "ready").length;
  return wanted === null ? `${ready} ready` : `${ready} of ${wanted} ready`;
}

/** How the process before this one ended. */
export function sayEnd({ reason, exitCode }: PodEnd): string {
  if (reason === "OutOfMemory") return "used more memory than resources.memory allows";
  if (reason === "ImportFailed") return "could not import the handler";
  return exitCode === null ? "ended" : `ended with status ${exitCode}`;
}

/** When the last of those that end is gone, in milliseconds since the epoch; null where none ends. */
export function findEnd(pods: readonly Pod[]): number | null {
  const ends = pods.flatMap(({ goneBy }) => (goneBy === null ? [] : [Date.parse(goneBy)]));
  return ends.length === 0 ? null : Math.max(...ends);
}
