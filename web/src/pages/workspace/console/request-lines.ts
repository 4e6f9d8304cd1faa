/** Which lines of a log are those of a request. Pure. */
import type { NumberedLine } from "@/api/logs";

/**
 * Those with its id; while that is not known, those that came after `since` and are of no request that had begun
 * before.
 */
export function pickLines(lines: readonly NumberedLine[], { since, requestId }: { since: number | null; requestId: string | null }): NumberedLine[] {
  if (since === null) return lines.filter((line) => line.requestId === requestId);
  const earlier = new Set(lines.filter(({ id }) => id <= since).map((line) => line.requestId));
  return lines.filter((line) => line.id > since && line.requestId !== null && !earlier.has(line.requestId));
}
