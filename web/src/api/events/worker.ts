/**
 * The one stream of events of a browser: a shared worker follows each tenant that some tab shows, and tells those tabs.
 * Browsers allow six connections to a server over HTTP/1.1; a stream in each tab would use them up.
 */
import type { StreamEvent } from "./parse";
import { followStream, type StreamState } from "./stream";

export type Told = { event: StreamEvent } | { state: StreamState };
/** What a tab asks for: the events of a tenant from now on, or of none. */
export interface Wish {
  slug: string | null;
}

interface Room {
  ports: Set<MessagePort>;
  state: StreamState;
  stop: AbortController;
}

const rooms = new Map<string, Room>();

function openRoom(slug: string): Room {
  const room: Room = { ports: new Set(), state: "broken", stop: new AbortController() };
  const tell = (told: Told) => {
    for (const port of room.ports) port.postMessage(told);
  };
  void followStream(`/api/v1/tenants/${encodeURIComponent(slug)}/events`, {
    onEvent: (event) => {
      tell({ event });
    },
    onState: (state) => {
      room.state = state;
      tell({ state });
      if (state === "refused") rooms.delete(slug);
    },
    signal: room.stop.signal,
  });
  rooms.set(slug, room);
  return room;
}

function leave(port: MessagePort): void {
  for (const [slug, room] of rooms) {
    if (room.ports.delete(port) && room.ports.size === 0) {
      room.stop.abort();
      rooms.delete(slug);
    }
  }
}

self.addEventListener("connect", (event) => {
  const port = (event as MessageEvent).ports[0];
  if (port === undefined) return;
  port.onmessage = ({ data }: MessageEvent<Wish>) => {
    leave(port);
    if (data.slug === null) return;
    const room = rooms.get(data.slug) ?? openRoom(data.slug);
    room.ports.add(port);
    port.postMessage({ state: room.state } satisfies Told);
  };
});
