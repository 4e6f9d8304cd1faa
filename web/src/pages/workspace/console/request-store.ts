/**
 * Requests on this machine (localStorage), for each person, tenant and service. Those with a name stay when somebody
 * signs out; what was typed and sent goes (`api/session.ts`).
 */
import { useMemo, useState, useSyncExternalStore } from "react";
import { KEPT_UNTIL_SIGN_OUT } from "@/api/session";
import { putSaved, readRequests, readSaved, remember, removeSaved, type SavedRequest } from "./kept-requests";
import { NO_REQUEST, type TypedRequest } from "./request";

const SAVED = "paaks.requests.";
const TYPED = `${KEPT_UNTIL_SIGN_OUT}typed.`;
const SENT = `${KEPT_UNTIL_SIGN_OUT}sent.`;

const listeners = new Set<() => void>();

function subscribe(tell: () => void): () => void {
  listeners.add(tell);
  window.addEventListener("storage", tell); // another tab has kept something
  return () => {
    listeners.delete(tell);
    window.removeEventListener("storage", tell);
  };
}

/** False where the browser has no room for it, or keeps nothing at all. */
function keep(key: string, value: unknown): boolean {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    return false;
  }
  for (const tell of listeners) tell();
  return true;
}

function useKept<Value>(key: string, read: (text: string | null) => Value): Value {
  const text = useSyncExternalStore(subscribe, () => localStorage.getItem(key));
  return useMemo(() => read(text), [read, text]);
}

/** `place`: person, tenant and service. */
export function useTyped(place: string): [TypedRequest, (typed: TypedRequest) => void] {
  const [typed, setTyped] = useState(() => readRequests(`[${localStorage.getItem(TYPED + place) ?? ""}]`)[0] ?? NO_REQUEST);
  const type = (next: TypedRequest) => {
    setTyped(next);
    keep(TYPED + place, next);
  };
  return [typed, type];
}

export function useSent(place: string): [TypedRequest[], (request: TypedRequest) => void] {
  const sent = useKept(SENT + place, readRequests);
  return [sent, (request) => { keep(SENT + place, remember(sent, request)); }];
}

export function useSaved(place: string) {
  const saved = useKept(SAVED + place, readSaved);
  // What is there now: an Undo comes when other things have been kept meanwhile.
  const now = () => readSaved(localStorage.getItem(SAVED + place));
  return {
    saved,
    put: (request: SavedRequest) => keep(SAVED + place, putSaved(now(), request)),
    remove: (name: string) => keep(SAVED + place, removeSaved(now(), name)),
    rename: (request: SavedRequest, name: string) => keep(SAVED + place, putSaved(removeSaved(now(), request.name), { ...request, name })),
  };
}
