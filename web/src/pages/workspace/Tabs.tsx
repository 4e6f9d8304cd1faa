import styles from "./Tabs.module.css";
import type { OpenTabs } from "./use-tabs";

interface Props {
  tabs: OpenTabs;
  active: string | null;
  unsaved: string[];
  onOpen: (path: string) => void;
}

/** The files that were opened here; a dot where something is not committed yet. */
export function Tabs({ tabs: { opened, close }, active, unsaved, onOpen }: Props) {
  const leave = (path: string) => {
    const [next] = opened.filter((other) => other !== path);
    close(path);
    if (path === active && next !== undefined) onOpen(next);
  };
  return (
    <div className={styles.tabs}>
      {opened.map((path) => (
        <div key={path} className={styles.tab} data-active={path === active}>
          <button className="quiet" aria-current={path === active || undefined} onClick={() => { onOpen(path); }}>
            {path} {unsaved.includes(path) && <span aria-label="unsaved">●</span>}
          </button>
          {opened.length > 1 && !unsaved.includes(path) && (
            <button className="quiet" aria-label={`Close ${path}`} onClick={() => { leave(path); }}>×</button>
          )}
        </div>
      ))}
    </div>
  );
}
