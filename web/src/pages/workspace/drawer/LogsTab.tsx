/** What the service says, as it says it: what is shown of it, and whether the list goes along with its end. */
import { useEffect, useMemo, useState } from "react";
import { Link } from "react-router";
import { logFeed, MOST_LINES } from "@/api/logs";
import { useAction } from "@/components/actions/registry";
import type { DrawerProps } from "./Drawer";
import { isFiltering } from "./log-filter";
import { arrangeItems, countLines, takeUntil } from "./log-items";
import { LogList } from "./LogList";
import styles from "./Logs.module.css";
import { LogTools } from "./LogTools";
import { useLogFilter, useLogLines } from "./use-log-lines";

const NOTHING = { text: "", level: "", request: "" } as const;

export function LogsTab({ slug, service: { name }, paths, onOpen }: DrawerProps) {
  const { filter, fields, change, link } = useLogFilter();
  const isFiltered = isFiltering(filter);
  // What a link means may have been said a while ago.
  const lines = useLogLines(slug, name, isFiltered ? MOST_LINES : undefined);
  const { seen, isPaused, ...end } = useEnd(slug, name, lines.at(-1)?.id ?? -1);
  const { text, level, request } = filter;
  const all = useMemo(() => arrangeItems(lines, { text, level, request }), [lines, text, level, request]);
  const items = useMemo(() => (isPaused && seen !== null ? takeUntil(all, seen) : all), [all, isPaused, seen]);
  const dropped = lines[0]?.id ?? 0;
  useAction({ name: "All lines of the log", run: () => { change(NOTHING); }, isOff: !isFiltered });
  return (
    <div className={styles.logs}>
      <LogTools
        key={fields}
        service={name}
        items={items}
        filter={filter}
        onFilter={change}
        isPaused={isPaused}
        isAway={seen !== null}
        fresh={seen === null ? 0 : countLines(all, seen)}
        {...end}
      />
      {request !== "" && (
        <p className={styles.note}>
          Only what request <code>{request}</code> has said. <Link to={link({ request: "" })}>All lines</Link>
        </p>
      )}
      {dropped > 0 && <p className={styles.note}>{dropped.toLocaleString("en")} earlier lines are not kept here.</p>}
      {items.length === 0 && (
        <p className={styles.note}>
          {isFiltered && lines.length > 0 ? "No line is like that." : "No output yet. What the handler prints and logs appears here."}
        </p>
      )}
      <LogList
        slug={slug}
        items={items}
        follows={seen === null}
        paths={paths}
        onOpen={onOpen}
        linkTo={(id) => link({ request: id })}
        onLeave={end.onLeave}
        onReach={end.onReach}
      />
    </div>
  );
}

/** `seen`: the newest line when somebody left the end of the list, by scrolling up or by a pause; null at the end. */
function useEnd(slug: string, service: string, newest: number) {
  const [seen, setSeen] = useState<number | null>(null);
  const [isPaused, setPaused] = useState(false);
  const isAway = seen !== null;
  useEffect(() => (isAway ? logFeed(slug, service).hold() : undefined), [slug, service, isAway]);
  const onLeave = () => { setSeen((before) => before ?? newest); };
  return {
    seen,
    isPaused,
    onLeave,
    onReach: () => { if (!isPaused) setSeen(null); },
    onPause: () => {
      onLeave();
      setPaused(true);
    },
    onNewest: () => {
      setPaused(false);
      setSeen(null);
    },
  };
}
