/** The time, for words like `2 minutes ago` that change while one looks at them. */
import { useSyncExternalStore } from "react";

const STEP = 20_000; // milliseconds

/** Milliseconds since the epoch, as old as one step at most. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, readStep);
}

function subscribe(tell: () => void): () => void {
  const timer = setInterval(tell, STEP);
  return () => {
    clearInterval(timer);
  };
}

function readStep(): number {
  return Math.floor(Date.now() / STEP) * STEP;
}
