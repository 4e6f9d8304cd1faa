import { useState } from "react";
import styles from "./Tabs.module.css";

interface Props {
  paths: string[];
  active: string | null;
  unsaved: string[];
  onOpen: (path: string) => void;
}

/** The files that were opened here; a dot where something is not committed yet. */
export function Tabs({ paths, active, unsaved, onOpen }: Props) {
  const [opened, setOpened] = useState<string[]>([]);
  if (active !== null && !opened.includes(active)) setOpened([...opened, active]);
  const shown = opened.filter((path) => paths.includes(path));
  const close = (path: string) => {
    const rest = shown.filter((other) => other !== path);
    setOpened(rest);
    if (path === active && rest[0] !== undefined) onOpen(rest[0]);
  };
  return (
    <div className={styles.tabs}>
      {shown.map((path) => (
        <div key={path} className={styles.tab} data-active={path === active}>
          <button className="quiet" aria-current={path === active || undefined} onClick={() => { onOpen(path); }}>
            {path} {unsaved.includes(path) && <span aria-label="unsaved">●</span>}
          </button>
          {shown.length > 1 && !unsaved.includes(path) && (
            <button className="quiet" aria-label={`Close ${path}`} onClick={() => { close(path); }}>×</button>
          )}
        </div>
      ))}
    </div>
  );
}
