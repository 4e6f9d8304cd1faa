/** F6 through the panes of the workspace. Back in a pane, the focus is where it was. */
import { useRef } from "react";
import { useAction } from "@/components/actions/registry";

/** By their names, in their order; and what takes the focus in one where it was not yet. */
const PANES = [
  ["Files", "[role=treeitem][tabindex='0'], [aria-current], button"],
  ["Editor", "[contenteditable=true], button"],
  ["Try it", "[aria-label='Path and query']"],
  ["Drawer", "[role=tab][aria-selected=true]"],
] as const;

function findPanes(): HTMLElement[] {
  return PANES.map(([name]) => document.querySelector<HTMLElement>(`main [aria-label="${name}"]:is(nav, section)`)).filter((pane) => pane !== null);
}

export function usePanes(): void {
  const last = useRef(new Map<string, Element>());
  const go = (step: number) => {
    const panes = findPanes();
    const active = document.activeElement;
    const at = panes.findIndex((pane) => pane.contains(active));
    const [from, to] = [panes[at], panes.at((at < 0 && step < 0 ? 0 : at) + step) ?? panes[0]];
    if (from && active) last.current.set(from.ariaLabel ?? "", active);
    if (to) enter(to, last.current.get(to.ariaLabel ?? ""));
  };
  useAction({ name: "Next pane", keys: "F6", run: () => { go(1); } });
  useAction({ name: "Pane before", keys: "Shift+F6", run: () => { go(-1); } });
}

function enter(pane: HTMLElement, before: Element | undefined): void {
  if (before instanceof HTMLElement && pane.contains(before)) before.focus();
  else pane.querySelector<HTMLElement>(PANES.find(([name]) => name === pane.ariaLabel)?.[1] ?? "button")?.focus();
}
