/** What is looked for, as the address of the page says it. Pure. */
import type { HistoryFilter } from "@/api/history";
import type { Via } from "@/api/schema";

export const WAYS: Via[] = ["git", "web", "api", "cli", "rollback"];
const TEXTS = ["service", "path", "author", "text"] as const;

/** What says nothing, or what no server knows, is left out. */
export function readFilter(search: URLSearchParams): HistoryFilter {
  const filter: HistoryFilter = {};
  for (const name of TEXTS) {
    const value = search.get(name);
    if (value) filter[name] = value;
  }
  const via = WAYS.find((way) => way === search.get("via"));
  if (via) filter.via = via;
  if (search.get("failed") === "true") filter.failed = true;
  return filter;
}

/** The address with one word changed; an empty one is left out. */
export function changeFilter(search: URLSearchParams, name: keyof HistoryFilter, value: string): URLSearchParams {
  const next = new URLSearchParams(search);
  if (value === "") next.delete(name);
  else next.set(name, value);
  return next;
}
