/** What a service says, line by line, as it says it. */
import { followStream } from "./events/stream";
import type { LogLine } from "./schema";

const TAIL = 500;

/** `onStart`: the lines from the beginning again, also after a break: they have no ids to go on from. */
export function followLogs(
  slug: string,
  service: string,
  reader: { onStart: () => void; onLine: (line: LogLine) => void; signal: AbortSignal },
): Promise<void> {
  const path = `/api/v1/tenants/${encodeURIComponent(slug)}/services/${encodeURIComponent(service)}/logs?follow=true&tail=${TAIL}`;
  return followStream(path, {
    onState: (state) => {
      if (state === "open") reader.onStart();
    },
    onEvent: ({ event, data }) => {
      if (event === "log") reader.onLine(data as LogLine);
    },
    signal: reader.signal,
  });
}
