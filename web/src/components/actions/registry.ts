/** What can be done on the page that is shown. Keys, help and palette read it here; pages fill it while they are shown. */
import { useEffectEvent, useLayoutEffect, useSyncExternalStore } from "react";
import type { Command } from "../copy-as/commands";

export interface Action {
  /** What it does, as on its button: `Roll back`. */
  name: string;
  /** As chord.ts has them. Of two with the same keys, the one that came later has them. */
  keys?: string | undefined;
  /** The same in a terminal. */
  commands?: readonly Command[];
  run: () => void;
  /** It makes sense with its keys alone, as a step to the next row does. */
  isKeyOnly?: boolean;
  /** It cannot be done now. */
  isOff?: boolean;
}

export type ShownAction = Omit<Required<Action>, "isOff">;

const NONE: readonly Command[] = [];
const shown = new Set<ShownAction>();
let list: readonly ShownAction[] = [];
const listeners = new Set<() => void>();

function tell(): void {
  list = [...shown];
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export function readActions(): readonly ShownAction[] {
  return list;
}

export function useActions(): readonly ShownAction[] {
  return useSyncExternalStore(subscribe, readActions);
}

/** Offers an action while the component is shown. */
export function useAction({ name, keys, commands = NONE, run, isKeyOnly = false, isOff = false }: Action): void {
  const act = useEffectEvent(run);
  const lines = JSON.stringify(commands);
  // Before it is painted: who sees a page can use its keys.
  useLayoutEffect(() => {
    if (isOff) return;
    const action = { name, keys, commands: JSON.parse(lines) as Command[], isKeyOnly, run: () => { act(); } };
    shown.add(action);
    tell();
    return () => {
      shown.delete(action);
      tell();
    };
  }, [name, keys, lines, isKeyOnly, isOff]);
}
