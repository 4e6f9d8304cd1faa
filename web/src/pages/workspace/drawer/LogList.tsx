/** The lines of a log, of which only those are there that are seen. One of them has the focus, one may be open. */
import { useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import { flushSync } from "react-dom";
import { usePreference } from "@/components/preferences";
import type { Place } from "@/components/history/traceback";
import type { LogItem } from "./log-items";
import { LogBoundary, LogRow } from "./LogRow";
import styles from "./Logs.module.css";
import { useRows, type Height } from "./use-rows";
import { findHeight, findShown, findTop } from "./window";

interface Props {
  slug: string;
  items: readonly LogItem[];
  /** It goes along with its end. */
  follows: boolean;
  paths: readonly string[];
  onOpen: (place: Place) => void;
  linkTo: (request: string) => string;
  /** Somebody has left the end, or is there again. */
  onLeave: () => void;
  onReach: () => void;
}

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

export function LogList({ slug, items, follows, paths, onOpen, linkTo, onLeave, onReach }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [current, setCurrent] = useState<string | null>(null);
  const [open, setOpen] = useState<Height | null>(null);
  const [wraps] = usePreference("wrap-log");
  const { rows, height, measure } = useRows(list, items, open, wraps);
  const at = follows ? Math.max(0, findHeight(rows) - height) : top;
  const { first, end, above, below } = findShown(rows, at, height);
  const shown = items.slice(first, end);
  useLayoutEffect(() => {
    if (follows && list.current) list.current.scrollTop = list.current.scrollHeight;
  });

  const onScroll = () => {
    const element = list.current;
    if (element === null) return;
    setTop(element.scrollTop);
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < rows.row / 2;
    if (!isAtEnd) onLeave();
    else if (open === null) onReach();
  };
  const go = (from: number, step: number) => {
    const index = findLine(items, from, step);
    const element = list.current;
    const item = items[index];
    if (element === null || item === undefined) return;
    flushSync(() => {
      setCurrent(item.key);
      const y = findTop(index, rows);
      if (index < items.length - 1) onLeave();
      else if (open === null) onReach();
      element.scrollTop = Math.max(Math.min(element.scrollTop, y), y + rows.row - element.clientHeight);
      setTop(element.scrollTop);
    });
    const line = element.querySelector<HTMLElement>(`[data-key="${item.key}"]`);
    line?.focus({ preventScroll: true });
    if (wraps) line?.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const page = Math.max(1, Math.floor(height / rows.row) - 1);
    const step = { ...STEPS, PageDown: page, PageUp: -page }[event.key];
    const isOnRow = event.target instanceof HTMLElement && event.target.dataset.key !== undefined;
    if (event.key === "Escape" && open !== null) {
      event.stopPropagation();
      const index = items.findIndex(({ key }) => key === open.key);
      setOpen(null);
      go(index, 0);
    } else if (step !== undefined && (isOnRow || event.target === list.current)) {
      event.preventDefault();
      const index = items.findIndex(({ key }) => key === (isOnRow ? (event.target as HTMLElement).dataset.key : current));
      go(index < 0 ? items.length : index, step);
    }
  };
  const toggle = (key: string) => {
    setCurrent(key);
    setOpen(open?.key === key ? null : { key, extra: 0 });
    if (open?.key !== key) onLeave();
  };
  const entry = shown.some(({ key }) => key === current) ? current : shown.findLast(({ kind }) => kind === "line")?.key;

  return (
    <div
      ref={list}
      role="log"
      aria-live="off"
      aria-label="Lines"
      tabIndex={-1}
      className={styles.lines}
      data-wraps={wraps || undefined}
      onScroll={onScroll}
      onWheel={({ deltaY }) => { if (deltaY < 0 && at > 0) onLeave(); }}
      onKeyDown={onKeyDown}
    >
      <Space height={above} />
      {shown.map((item) =>
        item.kind === "boundary" ? (
          <LogBoundary key={item.key} slug={slug} boundary={item} />
        ) : (
          <LogRow
            key={item.key}
            line={item.line}
            paths={paths}
            onPlace={onOpen}
            linkTo={linkTo}
            wraps={wraps}
            onDraw={(row) => { measure(item.key, row); }}
            isEntry={item.key === entry}
            isOpen={item.key === open?.key}
            onToggle={() => { toggle(item.key); }}
            onMeasure={(extra) => { setOpen((now) => (now?.key === item.key && now.extra !== extra ? { ...now, extra } : now)); }}
            onGone={() => list.current?.focus({ preventScroll: true })}
          />
        ),
      )}
      <Space height={below} />
    </div>
  );
}

/** Where lines are that are not there. */
function Space({ height }: { height: number }) {
  return <div ref={(element) => { if (element) element.style.height = `${height}px`; }} />;
}

/** The line so many steps from an item; the nearest where there are fewer. Boundaries are passed over. */
function findLine(items: readonly LogItem[], from: number, step: number): number {
  const last = items.length - 1;
  let index = Math.min(Math.max(from + step, 0), last);
  const towards = step < 0 ? -1 : 1;
  while (items[index]?.kind === "boundary" && index + towards >= 0 && index + towards <= last) index += towards;
  return items[index]?.kind === "line" ? index : from;
}
