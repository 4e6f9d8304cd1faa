/** How bad what a line says is. Pure. */

export const LEVELS = ["debug", "info", "warning", "error"] as const;
export type Level = (typeof LEVELS)[number];

/** What nobody has given a level is worth as much as what is printed. */
export function rankLevel(level: string | null): number {
  const known = LEVELS.findIndex((name) => name === level?.toLowerCase());
  if (known >= 0) return known;
  return level === "CRITICAL" || level === "FATAL" ? LEVELS.length : 1;
}
