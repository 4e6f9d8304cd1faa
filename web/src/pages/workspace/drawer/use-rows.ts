/** How high the list of lines and its rows are, in pixels: rows are as high as they turn out when they are drawn. */
import { useLayoutEffect, useMemo, useState, type RefObject } from "react";
import type { LogItem } from "./log-items";
import type { Rows } from "./window";

/** `key`: of a row; `extra`: how much higher it is than others. */
export interface Height {
  key: string;
  extra: number;
}

const NONE: ReadonlyMap<string, number> = new Map();

/** `measure`: what a row tells when it is drawn, `element` being it. Without `wraps` all but the open one are of one height. */
export function useRows(list: RefObject<HTMLElement | null>, items: readonly LogItem[], open: Height | null, wraps: boolean) {
  const size = useSize(list);
  const [heights, setHeights] = useState(NONE);
  const known = wraps ? heights : NONE;
  const rows = useMemo<Rows>(() => {
    const extraOf = (key: string) => (known.get(key) ?? 0) + (open?.key === key ? open.extra : 0);
    const isAny = known.size > 0 || open !== null;
    const higher = isAny ? items.map(({ key }, index) => [index, extraOf(key)] as const).filter(([, extra]) => extra > 0) : [];
    return { count: items.length, row: size.row, higher };
  }, [items, known, open, size.row]);
  const measure = (key: string, element: HTMLElement) => {
    const extra = element.offsetHeight - size.row;
    const more = extra - (heights.get(key) ?? 0);
    if (!wraps || Math.abs(more) < 1) return;
    setHeights((before) => new Map(before).set(key, extra));
    // What is read stays where it is, when a row above it turns out higher.
    const top = list.current?.getBoundingClientRect().top ?? 0;
    if (element.getBoundingClientRect().top < top) list.current?.scrollBy(0, more);
  };
  return { rows, height: size.height, measure };
}

function useSize(list: RefObject<HTMLElement | null>) {
  const [size, setSize] = useState({ height: 0, width: 0, row: 24 });
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      const row = parseFloat(getComputedStyle(document.documentElement).fontSize) * 1.5;
      const now = { height: element.clientHeight, width: element.clientWidth, row };
      setSize((known) => (known.height === now.height && known.width === now.width && known.row === row ? known : now));
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [list]);
  return size;
}
