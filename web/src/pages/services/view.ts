/** Which services are shown, and in which order, as the address of the page says it. Pure. */
import type { Service, ServiceState } from "@/api/schema";

export const FILTERS = {
  all: { label: "All", keeps: () => true },
  failing: { label: "Failing", keeps: ({ status }: Service) => status.state === "failed" },
  deploying: { label: "Deploying", keeps: ({ status }: Service) => status.state === "pending" },
} as const;
export type Show = keyof typeof FILTERS;

/** What asks for somebody comes first. */
const URGENCY: ServiceState[] = ["failed", "held", "pending", "superseded", "unknown", "removed", "live"];

export const SORTS = {
  name: { label: "name", compare: () => 0 },
  status: { label: "status", compare: (one: Service, other: Service) => rank(one) - rank(other) },
  changed: { label: "last change", compare: (one: Service, other: Service) => other.at.localeCompare(one.at) },
} as const;
export type Sort = keyof typeof SORTS;

export interface View {
  text: string;
  show: Show;
  sort: Sort;
  isReversed: boolean;
}

/** What no page has written is as if it were not there. */
export function readView(search: URLSearchParams): View {
  const [show, sort] = [search.get("show") ?? "", search.get("sort") ?? ""];
  return {
    text: search.get("text") ?? "",
    show: Object.hasOwn(FILTERS, show) ? (show as Show) : "all",
    sort: Object.hasOwn(SORTS, sort) ? (sort as Sort) : "name",
    isReversed: search.get("order") === "reverse",
  };
}

/** The address of a view; what is as usual is left out, and what is not of a view stays. */
export function writeView(search: URLSearchParams, { text, show, sort, isReversed }: View): URLSearchParams {
  const next = new URLSearchParams(search);
  const words = { text, show: show === "all" ? "" : show, sort: sort === "name" ? "" : sort, order: isReversed ? "reverse" : "" };
  for (const [name, value] of Object.entries(words)) {
    if (value === "") next.delete(name);
    else next.set(name, value);
  }
  return next;
}

/** Sorted by this; what is sorted by it already, the other way round. */
export function sortBy(view: View, sort: Sort): View {
  return { ...view, sort, isReversed: view.sort === sort && !view.isReversed };
}

/** The services of a view; those that are alike by their names. */
export function arrange(services: readonly Service[], { text, show, sort, isReversed }: View): Service[] {
  const wanted = text.trim().toLowerCase();
  const says = ({ name, subject, author }: Service) => `${name} ${subject} ${author.name}`.toLowerCase().includes(wanted);
  const sorted = services
    .filter((service) => FILTERS[show].keeps(service) && says(service))
    .sort((one, other) => SORTS[sort].compare(one, other) || one.name.localeCompare(other.name));
  return isReversed ? sorted.reverse() : sorted;
}

/** As the head of a column says it: usually names from a on, the worst first, the newest first. */
export function sayOrder(view: View, sort: Sort): "ascending" | "descending" | undefined {
  if (view.sort !== sort) return undefined;
  const isUsuallyUp = sort !== "changed";
  return isUsuallyUp === view.isReversed ? "descending" : "ascending";
}

function rank({ status }: Service): number {
  return URGENCY.indexOf(status.state);
}
