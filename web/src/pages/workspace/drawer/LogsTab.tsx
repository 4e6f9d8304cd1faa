/** What the service says, as it says it: what is shown of it, and whether the list goes along with its end. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { logFeed, MOST_LINES, type NumberedLine } from "@/api/logs";
import { previousLog } from "@/api/previous-log";
import { useAction } from "@/components/actions/registry";
import type { DrawerProps } from "./Drawer";
import { isFiltering } from "./log-filter";
import { arrangeItems, countLines, takeUntil } from "./log-items";
import { LogList } from "./LogList";
import { LogNotes } from "./LogNotes";
import styles from "./Logs.module.css";
import { readTerms } from "./log-terms";
import { LogTools } from "./LogTools";
import { useLogFilter, useLogLines } from "./use-log-lines";

const NOTHING = { text: "", level: "", request: "" } as const;
const NO_LINES: readonly NumberedLine[] = [];

export function LogsTab({ slug, service: { name }, paths, onOpen }: DrawerProps) {
  const { filter, fields, change, link } = useLogFilter();
  const { text, level, request, instance } = filter;
  const isFiltered = isFiltering(filter);
  const isPrevious = instance === "previous";
  // What a link means may have been said a while ago.
  const running = useLogLines(slug, name, isFiltered ? MOST_LINES : undefined);
  const previous = useQuery({ ...previousLog(slug, name), enabled: isPrevious });
  const lines = isPrevious ? (previous.data ?? NO_LINES) : running;
  const { seen, isPaused, ...end } = useEnd(slug, name, instance, lines.at(-1)?.id ?? -1);
  const all = useMemo(() => arrangeItems(lines, { text, level, request, instance }), [lines, text, level, request, instance]);
  const items = useMemo(() => (isPaused && seen !== null ? takeUntil(all, seen) : all), [all, isPaused, seen]);
  const problems = useMemo(() => readTerms(text, 0).problems, [text]);
  useAction({ name: "All lines of the log", run: () => { change(NOTHING); }, isOff: !isFiltered });
  return (
    <div className={styles.logs}>
      <LogTools
        key={fields}
        service={name}
        items={items}
        filter={filter}
        problems={problems}
        onFilter={change}
        isPaused={isPaused}
        isAway={seen !== null}
        fresh={seen === null ? 0 : countLines(all, seen)}
        {...end}
      />
      <LogNotes
        filter={filter}
        link={link}
        dropped={lines[0]?.id ?? 0}
        isEmpty={items.length === 0}
        isNarrow={isFiltered && lines.length > 0}
        isReading={previous.isFetching}
        error={previous.error}
        onRetry={() => void previous.refetch()}
      />
      <LogList
        key={instance}
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

/** `seen`: the newest line when somebody left the end of the list, by scrolling up or by a pause; null at the end, as at first of each instance. */
function useEnd(slug: string, service: string, instance: string, newest: number) {
  const [seen, setSeen] = useState<number | null>(null);
  const [isPaused, setPaused] = useState(false);
  const [shown, setShown] = useState(instance);
  if (shown !== instance) {
    setShown(instance);
    setSeen(null);
    setPaused(false);
  }
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
