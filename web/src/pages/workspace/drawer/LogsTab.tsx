import { useEffect, useState } from "react";
import { followLogs } from "@/api/logs";
import type { LogLine } from "@/api/schema";
import { useVisible } from "@/components/use-visible";
import { findPlace } from "../traceback";
import type { DrawerProps } from "./Drawer";
import styles from "./Drawer.module.css";

const MOST = 2_000; // lines that are kept

/** What the service says, as it says it: the newest first, so that nothing has to be scrolled. */
export function LogsTab({ slug, service, paths, onOpen }: DrawerProps) {
  const lines = useLogLines(slug, service.name);
  const [filter, setFilter] = useState("");
  const shown = lines.filter(({ text, requestId }) => text.includes(filter) || requestId === filter);
  return (
    <>
      <p className={styles.tools}>
        <input aria-label="Filter" placeholder="text or request id" value={filter} onChange={(event) => { setFilter(event.target.value); }} />
      </p>
      {lines.length === 0 && <p className={styles.note}>No output yet. What the handler prints and logs appears here.</p>}
      <div role="log" aria-live="off" aria-label="Lines" className={styles.lines}>
        {shown.toReversed().map((line, index) => {
          const place = findPlace(line.text, paths);
          return (
            <div key={lines.length - index} className={styles.line} data-level={line.level}>
              <time dateTime={line.at ?? undefined}>{line.at && new Date(line.at).toLocaleTimeString()}</time>
              <code>{line.commit?.slice(0, 7)}</code>
              <span>{line.level}</span>
              <span>{line.text}</span>
              {place && <button className="quiet" onClick={() => { onOpen(place); }}>{place.file}:{place.line}</button>}
            </div>
          );
        })}
      </div>
    </>
  );
}

/** In the background nobody reads them: a browser has six connections to a server over HTTP/1.1, for all its tabs. */
function useLogLines(slug: string, service: string): LogLine[] {
  const [lines, setLines] = useState<LogLine[]>([]);
  const isVisible = useVisible();
  useEffect(() => {
    if (!isVisible) return;
    const stop = new AbortController();
    void followLogs(slug, service, {
      onStart: () => { setLines([]); },
      onLine: (line) => { setLines((known) => [...known.slice(1 - MOST), line]); },
      signal: stop.signal,
    });
    return () => { stop.abort(); };
  }, [slug, service, isVisible]);
  return lines;
}
