/** Where a log that was read goes on when it is read once more: what is known already is not taken again. Pure. */
import type { LogLine } from "./schema";

const name = ({ pod, at, level, requestId, text }: LogLine) => JSON.stringify([pod, at, level, requestId, text]);

/** A function that says of each line that is read again whether it is a new one. A process may say the same twice. */
export function makeSeam(known: readonly LogLine[]): (line: LogLine) => boolean {
  const counts = new Map<string, number>();
  for (const line of known) counts.set(name(line), (counts.get(name(line)) ?? 0) + 1);
  return (line) => {
    const left = counts.size === 0 ? 0 : (counts.get(name(line)) ?? 0);
    if (left === 0) return true;
    counts.set(name(line), left - 1);
    return false;
  };
}

/** The lines that are read again from then on; all where nothing is known of their times. */
export function takeSince<Line extends LogLine>(known: readonly Line[], since: string | null): readonly Line[] {
  if (since === null) return known;
  const from = known.findIndex(({ at }) => at !== null && Date.parse(at) >= Date.parse(since));
  return from < 0 ? [] : known.slice(from);
}

/** From when on it is read again: a little before the last line that has a time, for clocks differ. */
export function findStart(known: readonly LogLine[], overlap: number): string | null {
  const at = known.findLast((line) => line.at !== null)?.at ?? null;
  const moment = at === null ? NaN : Date.parse(at);
  return Number.isNaN(moment) ? null : new Date(moment - overlap).toISOString();
}
