import { useSyncExternalStore } from "react";
import styles from "./OfflineBanner.module.css";

/** Says that this machine has no network; gone by itself when it has one again. */
export function OfflineBanner() {
  const isOnline = useSyncExternalStore(subscribe, () => navigator.onLine);
  return (
    <div role="status" className={styles.place}>
      {!isOnline && <p className={styles.banner}>You are offline. What you type is kept on this machine, and nothing is lost.</p>}
    </div>
  );
}

function subscribe(tell: () => void): () => void {
  window.addEventListener("online", tell);
  window.addEventListener("offline", tell);
  return () => {
    window.removeEventListener("online", tell);
    window.removeEventListener("offline", tell);
  };
}
