/** The files that were opened here, in their order. */
import { useState } from "react";
import { follow, type Move } from "./draft-moves";

export interface OpenTabs {
  opened: readonly string[];
  close: (path: string) => void;
  /** Files with another name keep their places. */
  move: (move: Move) => void;
}

/** `paths`: the files that are there. */
export function useTabs(active: string | null, paths: readonly string[]): OpenTabs {
  const [opened, setOpened] = useState<readonly string[]>([]);
  if (active !== null && !opened.includes(active)) setOpened([...opened, active]);
  return {
    opened: opened.filter((path) => paths.includes(path)),
    close: (path) => { setOpened((known) => known.filter((other) => other !== path)); },
    move: (move) => {
      setOpened((known) => [...new Set(known.flatMap((path) => follow(path, move) ?? []))]);
    },
  };
}
