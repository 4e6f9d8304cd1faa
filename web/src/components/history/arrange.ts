/** Commits as a history shows them: by day, and saves in a row as one. For the eye only: history stays as it is. Pure. */
import type { PastCommit } from "@/api/schema";
import { hasFailed } from "./deploy-state";

const PAUSE = 10 * 60_000; // milliseconds between two saves of one run

/** The newest of a run of saves, and those before it. */
export interface Entry {
  commit: PastCommit;
  earlier: PastCommit[];
}

export interface Day {
  /** As the calendar of this browser has it: `2026-11-24`. */
  date: string;
  entries: Entry[];
}

/** `commits`: newest first. */
export function arrange(commits: readonly PastCommit[]): Day[] {
  const days: Day[] = [];
  for (const commit of commits) {
    const date = readDate(commit.at);
    let day = days.at(-1);
    if (day?.date !== date) days.push((day = { date, entries: [] }));
    const last = day.entries.at(-1);
    if (last && isNextSave(last.earlier.at(-1) ?? last.commit, commit)) last.earlier.push(commit);
    else day.entries.push({ commit, earlier: [] });
  }
  return days;
}

function isNextSave(later: PastCommit, earlier: PastCommit): boolean {
  const isSame = later.subject === earlier.subject && later.author.email === earlier.author.email;
  const pause = Date.parse(later.at) - Date.parse(earlier.at);
  return isSame && isSave(later) && isSave(earlier) && pause <= PAUSE;
}

/** Saved in the editor, and nothing went wrong that one would want to see. */
function isSave({ releases }: PastCommit): boolean {
  return releases.length > 0 && releases.every((release) => release.via === "web" && !hasFailed(release));
}

function readDate(at: string): string {
  const moment = new Date(at);
  const digits = (number: number) => String(number).padStart(2, "0");
  return `${moment.getFullYear()}-${digits(moment.getMonth() + 1)}-${digits(moment.getDate())}`;
}

/** `Today`, `Yesterday`, else the date in words. */
export function sayDay(date: string, now: Date): string {
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (date === readDate(now.toISOString())) return "Today";
  if (date === readDate(yesterday.toISOString())) return "Yesterday";
  return new Date(`${date}T12:00:00`).toLocaleDateString("en", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}
