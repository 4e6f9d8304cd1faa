import { useRef } from "react";
import { useAction } from "@/components/actions/registry";
import { useToast } from "@/components/Toasts";
import { LEVELS, type Level, type LogFilter } from "./log-filter";
import { countLines, sayCount, writeLines, type LogItem } from "./log-items";
import styles from "./Logs.module.css";

interface Props {
  service: string;
  items: readonly LogItem[];
  filter: LogFilter;
  onFilter: (change: Partial<LogFilter>) => void;
  isPaused: boolean;
  /** Is the list somewhere else than at its end? */
  isAway: boolean;
  /** How many lines have come since. */
  fresh: number;
  onPause: () => void;
  onNewest: () => void;
}

/** What can be done with a log: narrow it, stop it, go to its end, take it along. */
export function LogTools({ service, items, filter, onFilter, isPaused, isAway, fresh, onPause, onNewest }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const toast = useToast();
  const copy = async () => {
    await navigator.clipboard.writeText(writeLines(items));
    toast({ text: `Copied ${sayCount(countLines(items))}` });
  };
  const download = () => { saveText(`${service}-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.log`, writeLines(items)); };
  const toggle = isPaused ? onNewest : onPause;
  useAction({ name: "Filter the log", keys: "/", run: () => field.current?.focus() });
  useAction({ name: isPaused ? "Resume the log" : "Pause the log", keys: "p", run: toggle });
  useAction({ name: "Newest line of the log", keys: "Shift+g", run: onNewest, isOff: !isAway });
  useAction({ name: "Copy the log", run: () => void copy(), isOff: items.length === 0 });
  useAction({ name: "Download the log", run: download, isOff: items.length === 0 });
  return (
    <div role="group" aria-label="Log" className={styles.tools}>
      <input
        ref={field}
        type="search"
        aria-label="Filter"
        placeholder="text or request id  /"
        defaultValue={filter.text}
        spellCheck={false}
        onChange={(event) => { onFilter({ text: event.target.value }); }}
      />
      <select aria-label="Level" defaultValue={filter.level} onChange={(event) => { onFilter({ level: event.target.value as Level | "" }); }}>
        <option value="">All levels</option>
        {LEVELS.map((level) => <option key={level} value={level}>{level === "error" ? "error" : `${level} and worse`}</option>)}
      </select>
      <button onClick={toggle}>{isPaused ? "Resume" : "Pause"}</button>
      {isAway && !isPaused && <button onClick={onNewest}>Jump to newest</button>}
      {fresh > 0 && <span className={styles.fresh}>{sayCount(fresh, "new ")}</span>}
      <span className={styles.space} />
      <button className="quiet" disabled={items.length === 0} onClick={copy}>Copy</button>
      <button className="quiet" disabled={items.length === 0} onClick={download}>Download</button>
    </div>
  );
}

function saveText(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
