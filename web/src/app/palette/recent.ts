/** What was chosen in the palette of late, in this browser. */
const KEY = "paaks.recent";
const MOST = 12;

/** Ids of entries, the latest first. */
export function readRecent(): string[] {
  const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
  return Array.isArray(kept) ? kept.filter((id) => typeof id === "string") : [];
}

export function keepRecent(id: string): void {
  localStorage.setItem(KEY, JSON.stringify([id, ...readRecent().filter((other) => other !== id)].slice(0, MOST)));
}
