/** A tenant's events in this tab: from the shared worker, or from a stream of its own where a browser has none. */
import type { TenantEvent } from "../schema";
import { followStream, type StreamState } from "./stream";
import type { Told, Wish } from "./worker";

export interface Listener {
  onEvent: (event: TenantEvent) => void;
  onState: (state: StreamState) => void;
}

/** Listen until the function that is returned is called. */
export function listen(slug: string, listener: Listener): () => void {
  return "SharedWorker" in window ? listenToWorker(slug, listener) : listenAlone(slug, listener);
}

function listenToWorker(slug: string, listener: Listener): () => void {
  const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module", name: "paaks-events" });
  const wish = (wanted: string | null) => {
    worker.port.postMessage({ slug: wanted } satisfies Wish);
  };
  worker.port.onmessage = ({ data }: MessageEvent<Told>) => {
    if ("event" in data) listener.onEvent(data.event as TenantEvent);
    else listener.onState(data.state);
  };
  const stop = new AbortController();
  // A page that is only kept for the way back must not keep a stream open.
  window.addEventListener("pagehide", () => { wish(null); }, stop);
  window.addEventListener("pageshow", ({ persisted }) => { if (persisted) wish(slug); }, stop);
  wish(slug);
  return () => {
    wish(null);
    stop.abort();
    worker.port.close();
  };
}

function listenAlone(slug: string, listener: Listener): () => void {
  const stop = new AbortController();
  void followStream(`/api/v1/tenants/${encodeURIComponent(slug)}/events`, {
    onEvent: (event) => { listener.onEvent(event as TenantEvent); },
    onState: listener.onState,
    signal: stop.signal,
  });
  return () => {
    stop.abort();
  };
}
