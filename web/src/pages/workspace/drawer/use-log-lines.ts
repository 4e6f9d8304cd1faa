/** The lines of a service while somebody looks at them; and the filter of the address. */
import { useState, useSyncExternalStore } from "react";
import { useLocation, useSearchParams } from "react-router";
import { logFeed, type NumberedLine } from "@/api/logs";
import { useVisible } from "@/components/use-visible";
import { readFilter, writeFilter, type LogFilter } from "./log-filter";

/** In the background nobody reads them: a browser has six connections to a server over HTTP/1.1, for all its tabs. */
export function useLogLines(slug: string, service: string, tail?: number): readonly NumberedLine[] {
  const feed = logFeed(slug, service, tail);
  return useSyncExternalStore(useVisible() ? feed.subscribe : stayAway, feed.read);
}

function stayAway(): () => void {
  return () => undefined;
}

/** On an address that the fields have made themselves: they are ahead of it while somebody types. */
const TYPED = "log filter";

/** `fields`: another one whenever the address comes from elsewhere, so that the fields begin anew with what it says. */
export function useLogFilter() {
  const [search, setSearch] = useSearchParams();
  const place = useLocation();
  const filter = readFilter(search);
  const said = JSON.stringify(filter);
  const [fields, setFields] = useState({ key: place.key, said });
  if (fields.said !== said) setFields({ key: place.state === TYPED ? fields.key : place.key, said });
  const change = (next: Partial<LogFilter>) => {
    // Of the address that is there now: two changes may come before it is read again.
    setSearch(writeFilter(new URLSearchParams(location.search), next), { replace: true, state: TYPED });
  };
  return { filter, fields: fields.key, change, link: (next: Partial<LogFilter>) => `?${writeFilter(search, next).toString()}` };
}
