/** What a service says, line by line, as it says it: one stream of it for all who look, and the lines so far. */
import { followStream } from "./events/stream";
import { findStart, makeSeam, takeSince } from "./log-seam";
import type { LogLine } from "./schema";

/** `id`: the lines of a feed are numbered from 0, also those that are not kept any more. */
export type NumberedLine = LogLine & { readonly id: number };

/** Lines that are kept. */
export const MOST_LINES = 10_000;
const MOST_HELD = 50_000; // while somebody reads them
const TAIL = 2_000; // lines that are read at first
const PAUSE = 100; // milliseconds: lines that come together are shown together
const OVERLAP = 5_000; // milliseconds that a second reading goes back

/** The stream is open while somebody is subscribed; it goes on where it ended, without a gap or a repeat. */
export class LogFeed {
  readonly #path: string;
  readonly #tail: number;
  readonly #listeners = new Set<() => void>();
  #lines: readonly NumberedLine[] = [];
  #fresh: LogLine[] = [];
  #next = 0;
  #holds = 0;
  #stop: AbortController | null = null;

  constructor(slug: string, service: string, tail: number) {
    this.#path = `/api/v1/tenants/${encodeURIComponent(slug)}/services/${encodeURIComponent(service)}/logs`;
    this.#tail = tail;
  }

  readonly read = (): readonly NumberedLine[] => this.#lines;

  readonly subscribe = (tell: () => void): (() => void) => {
    this.#listeners.add(tell);
    if (this.#stop === null) this.#start();
    return () => {
      this.#listeners.delete(tell);
      if (this.#listeners.size > 0) return;
      this.#stop?.abort();
      this.#stop = null;
    };
  };

  /** While it is held, lines that somebody reads are not dropped for others to come. */
  readonly hold = (): (() => void) => {
    this.#holds += 1;
    return () => {
      this.#holds -= 1;
    };
  };

  #start(): void {
    const stop = new AbortController();
    this.#stop = stop;
    let since: string | null = null;
    let isNew = makeSeam([]);
    const goOn = () => {
      since = findStart(this.#all(), OVERLAP);
      const query = since === null ? { tail: String(this.#tail) } : { tail: String(MOST_LINES), since };
      return `${this.#path}?${new URLSearchParams({ follow: "true", ...query }).toString()}`;
    };
    void followStream(goOn, {
      onState: (state) => {
        if (state === "open") isNew = makeSeam(takeSince(this.#all(), since));
      },
      onEvent: ({ event, data }) => {
        if (event === "log" && !stop.signal.aborted && isNew(data as LogLine)) this.#take(data as LogLine);
      },
      signal: stop.signal,
    });
  }

  #all(): readonly LogLine[] {
    return [...this.#lines, ...this.#fresh];
  }

  #take(line: LogLine): void {
    this.#fresh.push(line);
    if (this.#fresh.length === 1) setTimeout(() => { this.#show(); }, PAUSE);
  }

  #show(): void {
    const all = [...this.#lines, ...this.#fresh.map((line, index) => ({ ...line, id: this.#next + index }))];
    this.#next += this.#fresh.length;
    this.#fresh = [];
    this.#lines = all.slice(this.#holds > 0 ? -MOST_HELD : -MOST_LINES);
    for (const tell of this.#listeners) tell();
  }
}

let kept: { key: string; feed: LogFeed } | null = null;

/** The feed of a service: the same for all who ask, and kept until another service's is asked for. */
export function logFeed(slug: string, service: string, tail = TAIL): LogFeed {
  const key = `${slug}/${service}`;
  if (kept?.key !== key) kept = { key, feed: new LogFeed(slug, service, tail) };
  return kept.feed;
}
