/** Which directories of a service are open, for as long as the tab is. */
import { useEffect, useState } from "react";
import { listParents } from "./tree";

function readKept(key: string): string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key) ?? "[]");
    return Array.isArray(kept) ? kept.filter((path) => typeof path === "string") : [];
  } catch {
    return []; // a browser that keeps nothing still opens and closes
  }
}

function keep(key: string, open: ReadonlySet<string>): void {
  try {
    sessionStorage.setItem(key, JSON.stringify([...open]));
  } catch {
    // as above
  }
}

/** `active`: the file that is shown; its directories open when it becomes another one. */
export function useOpenDirectories(slug: string, service: string, active: string | null) {
  const key = `paaks.directories.${slug}/${service}`;
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(readKept(key)));
  const [shown, setShown] = useState<string | null>(null);
  if (active !== shown) {
    setShown(active);
    if (active !== null) setOpen(new Set([...open, ...listParents(active)]));
  }
  useEffect(() => { keep(key, open); }, [key, open]);
  return {
    open,
    openAll: (paths: readonly string[]) => { setOpen((known) => new Set([...known, ...paths])); },
    close: (path: string) => { setOpen((known) => new Set([...known].filter((other) => other !== path))); },
  };
}
