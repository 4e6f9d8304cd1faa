import { useSyncExternalStore } from "react";

function subscribe(tell: () => void): () => void {
  document.addEventListener("visibilitychange", tell);
  return () => {
    document.removeEventListener("visibilitychange", tell);
  };
}

/** Is this tab one that somebody looks at? */
export function useVisible(): boolean {
  return useSyncExternalStore(subscribe, () => document.visibilityState === "visible");
}
