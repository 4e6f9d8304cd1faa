/** A moment as people say it, with the exact time on hover. */
import { useNow } from "./use-now";

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** `2 minutes ago`; `now` and `at` in milliseconds since the epoch. */
export function sayAge(at: number, now: number): string {
  const seconds = Math.max(0, (now - at) / 1000);
  for (const [unit, length] of UNITS) if (seconds >= length) return RELATIVE.format(-Math.floor(seconds / length), unit);
  return "just now";
}

export function Time({ at }: { at: string }) {
  const moment = new Date(at);
  const now = useNow();
  return (
    <time dateTime={at} title={moment.toLocaleString()}>
      {sayAge(moment.getTime(), now)}
    </time>
  );
}

/** A span of time with a fitting unit: `38 ms`, `2.1 s`. */
export function sayDuration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
