/** Server-sent events over `fetch`: read, resumed after a break, with a session that is renewed on the way. */
import { send } from "../client";

/** As it comes; what each kind holds, `schema.d.ts` says (TenantEvent, LogEvent). */
export interface StreamEvent {
  event: string;
  data: unknown;
}

/** `refused`: the server has said no, for example to a viewer whose session has ended. */
export type StreamState = "open" | "broken" | "refused";

interface Reader {
  onEvent: (event: StreamEvent) => void;
  onState: (state: StreamState) => void;
  signal: AbortSignal;
}

const PAUSE = 1_000; // milliseconds before the first new attempt; doubled up to
const LONGEST_PAUSE = 8_000;

/** Follow a stream until the signal ends it. After a break it goes on after the last event that was heard. */
export async function followStream(path: string, reader: Reader): Promise<void> {
  let last: string | null = null;
  let pause = PAUSE;
  while (!reader.signal.aborted) {
    try {
      const headers = new Headers({ Accept: "text/event-stream" });
      if (last !== null) headers.set("Last-Event-ID", last);
      const answer = await send(new Request(new URL(path, self.location.origin), { headers, signal: reader.signal }));
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

interface Parsed extends StreamEvent {
  id: string | null;
}

/** The events of a stream (WHATWG HTML §9.2); `data` is undefined where a block has an id alone. */
export async function* parse(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Parsed> {
  let rest = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const found = parseBlock(block);
      if (found.id !== null || found.data !== undefined) yield found;
    }
  }
}

function parseBlock(block: string): Parsed {
  const found: Parsed = { id: null, event: "message", data: undefined };
  for (const line of block.split("\n")) {
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (name === "id") found.id = value;
    if (name === "event") found.event = value;
    if (name === "data") found.data = JSON.parse(value);
  }
  return found;
}
