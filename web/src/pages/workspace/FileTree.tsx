import { useState } from "react";
import { readText } from "@/components/form";
import { Icon } from "@/components/Icon";
import styles from "./FileTree.module.css";

interface Props {
  paths: string[];
  active: string | null;
  unsaved: string[];
  onOpen: (path: string) => void;
  onCreate: (path: string) => void;
}

/** The files of a service, and a new one: it is a draft like any other until it is committed. */
export function FileTree({ paths, active, unsaved, onOpen, onCreate }: Props) {
  const [asks, setAsks] = useState(false);
  return (
    <nav aria-label="Files" className={styles.files}>
      <h2>
        Files
        <button className="quiet" aria-label="New file" title="New file" aria-expanded={asks} onClick={() => { setAsks(!asks); }}>
          <Icon name="plus" />
        </button>
      </h2>
      {asks && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const path = readText(event.currentTarget, "path").trim();
            if (path !== "" && !paths.includes(path)) onCreate(path);
            setAsks(false);
          }}
        >
          <input name="path" aria-label="Path of the new file" placeholder="templates/page.html" autoFocus spellCheck={false} />
        </form>
      )}
      <ul>
        {paths.map((path) => (
          <li key={path}>
            <button
              className="quiet"
              aria-current={path === active || undefined}
              aria-label={unsaved.includes(path) ? `${path}, unsaved` : path}
              onClick={() => { onOpen(path); }}
            >
              <span>{path}</span> {unsaved.includes(path) && <span aria-hidden="true">●</span>}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}
