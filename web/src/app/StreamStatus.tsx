/** Listens to a tenant's events while it is shown, and says so where nothing arrives. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { applyEvent } from "@/api/events/apply";
import { listen } from "@/api/events/listen";
import type { StreamState } from "@/api/events/stream";
import { keepLastTenant } from "./last-tenant";
import styles from "./StreamStatus.module.css";

const SAID_AFTER = 3_000; // milliseconds: a short break is no news

export function StreamStatus({ slug }: { slug: string }) {
  const cache = useQueryClient();
  const [state, setState] = useState<StreamState>("open");
  useEffect(() => {
    keepLastTenant(slug);
    let timer: ReturnType<typeof setTimeout> | undefined;
    let wasBroken = false;
    const stop = listen(slug, {
      onEvent: (event) => {
        applyEvent(cache, slug, event);
      },
      onState: (now) => {
        clearTimeout(timer);
        timer = setTimeout(setState, now === "open" ? 0 : SAID_AFTER, now);
        // What has failed while the server was away is asked again.
        if (now === "open" && wasBroken) void cache.invalidateQueries({ predicate: ({ state: { status } }) => status === "error" });
        wasBroken = now !== "open";
      },
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [cache, slug]);
  return (
    <span role="status" className={styles.state} data-state={state}>
      {state === "open" ? <span className="hidden">Receiving updates</span> : "Reconnecting…"}
    </span>
  );
}
