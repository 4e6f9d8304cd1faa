/** Server-sent events over `fetch`: followed, resumed after a break, with a session that is renewed on the way. */
import { send } from "../client";
import { parse, type StreamEvent } from "./parse";

/** `refused`: the server has said no, for example to a viewer whose session has ended. */
export type StreamState = "open" | "broken" | "refused";

interface Reader {
  onEvent: (event: StreamEvent) => void;
  onState: (state: StreamState) => void;
  signal: AbortSignal;
}

const PAUSE = 1_000; // milliseconds before the first new attempt; doubled up to
const LONGEST_PAUSE = 8_000;

/**
 * Follow a stream until the signal ends it. After a break it goes on after the last event that was heard; a `path` that
 * says itself where to go on is asked for before each attempt.
 */
export async function followStream(path: string | (() => string), reader: Reader): Promise<void> {
  let last: string | null = null;
  let pause = PAUSE;
  while (!reader.signal.aborted) {
    try {
      const headers = new Headers({ Accept: "text/event-stream" });
      if (last !== null) headers.set("Last-Event-ID", last);
      const answer = await send(new Request(new URL(typeof path === "string" ? path : path(), self.location.origin), { headers, signal: reader.signal }));
      if (answer.ok && answer.body !== null) {
        reader.onState("open");
        pause = PAUSE;
        for await (const { id, ...event } of parse(answer.body)) {
          last = id ?? last;
          if (event.data !== undefined) reader.onEvent(event);
        }
      } else if (answer.status < 500) {
        reader.onState("refused");
        return;
      }
    } catch {
      // Broken off, or not reached: both end below.
    }
    if (isOver(reader.signal)) return;
    reader.onState("broken");
    await rest(pause, reader.signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
}

/** Asked again after every wait: what the compiler knows of it before is not so any more. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
