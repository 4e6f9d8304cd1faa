/** j and k through the rows of a list. The focus itself moves, so Enter opens what it is on. */
import { useRef, type RefObject } from "react";
import { useAction } from "../actions/registry";

/** `ref` belongs on the list; each row has one element with `data-row`, which takes the focus. */
export function useListKeys<Element extends HTMLElement>(): RefObject<Element | null> {
  const ref = useRef<Element>(null);
  const move = (step: number) => {
    const rows = [...(ref.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
    const at = rows.findLastIndex((row) => row.closest("li, tr")?.contains(document.activeElement));
    rows[at < 0 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1)]?.focus();
  };
  useAction({ name: "Next row", keys: "j", run: () => { move(1); }, isKeyOnly: true });
  useAction({ name: "Row before", keys: "k", run: () => { move(-1); }, isKeyOnly: true });
  return ref;
}
