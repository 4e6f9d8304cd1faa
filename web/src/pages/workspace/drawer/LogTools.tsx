import { useId, useRef } from "react";
import { useAction } from "@/components/actions/registry";
import { usePreference } from "@/components/preferences";
import { useToast } from "@/components/Toasts";
import type { LogFilter } from "./log-filter";
import { countLines, sayCount, writeLines, type LogItem } from "./log-items";
import { LEVELS, type Level } from "./log-levels";
import styles from "./Logs.module.css";

const HELP = "text · /regex/ · -word leaves out · level:error · req:id · rev:commit · since:10m · @field:value of JSON lines";

interface Props {
  service: string;
  items: readonly LogItem[];
  filter: LogFilter;
  /** What of the filter cannot be understood. */
  problems: readonly string[];
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
export function LogTools({ service, items, filter, problems, onFilter, isPaused, isAway, fresh, onPause, onNewest }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const wrong = useId();
  const toast = useToast();
  const [wraps, setWraps] = usePreference("wrap-log");
  const isPrevious = filter.instance === "previous";
  const change = () => { onFilter({ instance: isPrevious ? "" : "previous" }); };
  const copy = async () => {
    await navigator.clipboard.writeText(writeLines(items));
    toast({ text: `Copied ${sayCount(countLines(items))}` });
  };
  const download = () => { saveText(`${service}-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.log`, writeLines(items)); };
  const toggle = isPaused ? onNewest : onPause;
  useAction({ name: "Filter the log", keys: "/", run: () => field.current?.focus() });
  useAction({ name: isPaused ? "Resume the log" : "Pause the log", keys: "Shift+p", run: toggle, isOff: isPrevious });
  useAction({ name: isPrevious ? "Log of the running instance" : "Log of the previous instance", keys: "p", run: change });
  useAction({ name: wraps ? "Do not wrap lines of the log" : "Wrap lines of the log", run: () => { setWraps(!wraps); } });
  useAction({ name: "Newest line of the log", keys: "Shift+g", run: onNewest, isOff: !isAway });
  useAction({ name: "Copy the log", run: () => void copy(), isOff: items.length === 0 });
  useAction({ name: "Download the log", run: download, isOff: items.length === 0 });
  return (
    <div role="group" aria-label="Log" className={styles.tools}>
      <input
        ref={field}
        type="search"
        aria-label="Filter"
        aria-invalid={problems.length > 0}
        aria-describedby={wrong}
        placeholder="text /regex/ -word since:10m"
        title={HELP}
        defaultValue={filter.text}
        spellCheck={false}
        onChange={(event) => { onFilter({ text: event.target.value }); }}
      />
      <span id={wrong} role="status" className={styles.wrong}>{problems.join("; ")}</span>
      <select aria-label="Level" defaultValue={filter.level} onChange={(event) => { onFilter({ level: event.target.value as Level | "" }); }}>
        <option value="">All levels</option>
        {LEVELS.map((level) => <option key={level} value={level}>{level === "error" ? "error" : `${level} and worse`}</option>)}
      </select>
      {!isPrevious && <button onClick={toggle}>{isPaused ? "Resume" : "Pause"}</button>}
      <button className="quiet" aria-pressed={isPrevious} onClick={change}>Previous instance</button>
      <button className="quiet" aria-pressed={wraps} onClick={() => { setWraps(!wraps); }}>Wrap</button>
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
