/** The words behind the `?` of an address, and fields for them that are ahead of it while somebody types. */
import { useState } from "react";
import { useLocation, useSearchParams } from "react-router";

/** On an address that the fields have made themselves. */
const TYPED = "typed";

export interface TypedSearch {
  search: URLSearchParams;
  /** Another one whenever the address comes from elsewhere, so that fields of this key begin anew with what it says. */
  fields: string;
  /** What the fields say now; the address before is no step of its own. */
  type: (next: URLSearchParams) => void;
  setSearch: (next: URLSearchParams) => void;
}

export function useTypedSearch(): TypedSearch {
  const [search, setSearch] = useSearchParams();
  const { key, state } = useLocation() as { key: string; state: unknown };
  const [fields, setFields] = useState(key);
  if (state !== TYPED && fields !== key) setFields(key);
  return { search, fields, type: (next) => { setSearch(next, { replace: true, state: TYPED }); }, setSearch };
}
