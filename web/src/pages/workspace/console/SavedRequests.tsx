import { useRef, useState } from "react";
import { useAction } from "@/components/actions/registry";
import { readText } from "@/components/form";
import { useToast } from "@/components/Toasts";
import styles from "./Console.module.css";
import { findSaved, type SavedRequest } from "./kept-requests";
import type { TypedRequest } from "./request";

interface Props {
  typed: TypedRequest;
  saved: readonly SavedRequest[];
  /** Of the one that was opened. */
  name: string;
  onOpen: (request: TypedRequest, name: string) => void;
  /** Each says whether there was room for it. */
  put: (request: SavedRequest) => boolean;
  remove: (name: string) => boolean;
  rename: (request: SavedRequest, name: string) => boolean;
}

/** Requests with a name: opened, replaced, renamed and deleted, each of it with a way back. */
export function SavedRequests({ typed, saved, name, onOpen, put, remove, rename }: Props) {
  const box = useRef<HTMLDetailsElement>(null);
  const toast = useToast();
  const [edited, setEdited] = useState<string | null>(null);
  const [touched, setTouched] = useState<string | null>(null);
  const ask = () => {
    if (box.current) box.current.open = true;
    box.current?.querySelector("input")?.focus();
  };
  useAction({ name: "Save the request…", run: ask });
  const say = (isKept: boolean, text: string, undo: () => void) => {
    toast(isKept ? { text, action: { label: "Undo", run: undo } } : { text: "This browser has no room for it" });
  };
  const save = (wanted: string) => {
    const before = findSaved(saved, wanted);
    const undo = () => { if (before) put(before); else remove(wanted); };
    say(put({ ...typed, name: wanted }), `${before ? "Replaced" : "Saved"} ${wanted}`, undo);
  };
  const drop = (request: SavedRequest, row: Element | null) => {
    const next = (row?.nextElementSibling ?? row?.previousElementSibling)?.querySelector("button") ?? box.current?.querySelector("summary");
    say(remove(request.name), `Deleted ${request.name}`, () => put(request));
    next?.focus();
  };
  const change = (request: SavedRequest, wanted: string) => {
    const isTaken = wanted !== request.name && findSaved(saved, wanted) !== undefined;
    if (isTaken) {
      toast({ text: `There is ${wanted} already: delete it first, or take another name` });
      return;
    }
    setEdited(null);
    setTouched(wanted === "" ? request.name : wanted);
    if (wanted === "" || wanted === request.name) return;
    say(rename(request, wanted), `Renamed ${request.name} to ${wanted}`, () => rename({ ...request, name: wanted }, request.name));
  };
  return (
    <details ref={box} open={name !== "" || undefined}>
      <summary>Saved {saved.length}</summary>
      <form
        className={styles.row}
        onSubmit={(event) => {
          event.preventDefault();
          const wanted = readText(event.currentTarget, "name").trim();
          if (wanted !== "") save(wanted);
        }}
      >
        <input name="name" aria-label="Name of the request" placeholder="Name" defaultValue={name} maxLength={100} spellCheck={false} />
        <button>Save</button>
      </form>
      <ul aria-label="Saved requests">
        {saved.map((request) => (
          <li key={request.name} className={styles.row}>
            {edited === request.name ? (
              <Rename
                name={request.name}
                onDone={(wanted) => { change(request, wanted); }}
                onCancel={() => { setEdited(null); setTouched(request.name); }}
              />
            ) : (
              <>
                <button
                  className={`quiet ${styles.open ?? ""}`}
                  autoFocus={touched === request.name}
                  aria-current={request.name === name || undefined}
                  onClick={() => { onOpen(request, request.name); }}
                >
                  <span>{request.name}</span> <code>{request.method} {request.path}</code>
                </button>
                <button className="quiet" aria-label={`Rename ${request.name}`} onClick={() => { setEdited(request.name); }}>Rename</button>
                <button className="quiet" aria-label={`Delete ${request.name}`} onClick={(event) => { drop(request, event.currentTarget.closest("li")); }}>Delete</button>
              </>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Rename({ name, onDone, onCancel }: { name: string; onDone: (name: string) => void; onCancel: () => void }) {
  return (
    <form
      className={styles.row}
      onSubmit={(event) => { event.preventDefault(); onDone(readText(event.currentTarget, "name").trim()); }}
      onKeyDown={(event) => { if (event.key === "Escape") onCancel(); }}
    >
      <input name="name" aria-label={`New name of ${name}`} defaultValue={name} maxLength={100} autoFocus onFocus={({ target }) => { target.select(); }} spellCheck={false} />
      <button>Rename</button>
    </form>
  );
}
