/** Find anything and do anything: a combobox by the pattern of the ARIA Authoring Practices, in front of every page. */
import { useId, useState, type KeyboardEvent } from "react";
import { flushSync } from "react-dom";
import { sayKeys } from "@/components/actions/chord";
import { Keys } from "@/components/actions/Keys";
import { showModal } from "@/components/modal";
import { sayProblem } from "@/components/say-problem";
import styles from "./Palette.module.css";
import { rank } from "./rank";
import { keepRecent, readRecent } from "./recent";
import { useEntries, type Entry } from "./use-entries";

const MOST = 50; // that are shown

export default function Palette({ slug, onClose }: { slug: string | undefined; onClose: () => void }) {
  const id = useId();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const [recent] = useState(readRecent);
  const { known, found: searched, isSearching, error } = useEntries(slug, query);
  const found = [...rank(query, known, recent), ...searched];
  const shown = found.slice(0, MOST);
  const active = shown[Math.min(at, shown.length - 1)];
  const choose = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    keepRecent(entry.id);
    // Closed first: nothing behind it can take the focus while it is open, and closing gives the focus back.
    flushSync(onClose);
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = shown.length - 1;
    const next = { ArrowDown: at >= last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, PageDown: Math.min(at + 8, last), PageUp: Math.max(at - 8, 0) }[event.key];
    if (event.key === "Enter") choose(active);
    else if (next !== undefined) setAt(Math.max(next, 0));
    else if (event.key.toLowerCase() === "k" && (event.metaKey || event.ctrlKey)) onClose();
    else return;
    event.preventDefault();
  };
  const command = active?.commands.find(({ name }) => name === "paaks") ?? active?.commands[0];
  return (
    <dialog
      ref={showModal}
      aria-label="Palette"
      className={styles.palette}
      onCancel={onClose}
      onClose={onClose}
      onClick={(event) => { if (event.target === event.currentTarget) onClose(); }}
    >
      <div className={styles.inside}>
        <input
          autoFocus
          role="combobox"
          aria-label="Find a service, file, commit, page or action"
          aria-expanded={shown.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={active && `${id}-${active.id}`}
          aria-describedby={`${id}-command`}
          placeholder="A service, a file, a commit; or what to do: roll back, logs, reconcile…"
          autoComplete="off"
          spellCheck={false}
          maxLength={200}
          value={query}
          onChange={(event) => { setQuery(event.target.value); setAt(0); }}
          onKeyDown={onKeyDown}
        />
        <ul id={`${id}-list`} role="listbox" aria-label="Found" className={styles.list}>
          {shown.map((entry) => (
            <li
              key={entry.id}
              id={`${id}-${entry.id}`}
              role="option"
              aria-selected={entry === active}
              aria-keyshortcuts={entry.keys && sayKeys(entry.keys, false)}
              ref={(row) => { if (entry === active) row?.scrollIntoView({ block: "nearest" }); }}
              onClick={() => { choose(entry); }}
            >
              <span className={styles.kind}>{entry.kind}</span>
              <span className={styles.text}>{entry.text}</span>
              {entry.keys && <Keys keys={entry.keys} />}
            </li>
          ))}
        </ul>
        {error && <p role="alert" className={styles.note}>The older commits could not be searched. {sayProblem(error)}</p>}
        {!error && found.length === 0 && (
          <p className={styles.note}>{isSearching ? "Looking through all commits…" : "Nothing is called so, and no commit says it."}</p>
        )}
        <div className={styles.foot}>
          <code id={`${id}-command`}>{command?.text}</code>
          <span role="status">{found.length === 1 ? "1 result" : `${found.length} results`}{isSearching && ", searching…"}</span>
        </div>
      </div>
    </dialog>
  );
}
