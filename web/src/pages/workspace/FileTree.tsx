import styles from "./FileTree.module.css";

interface Props {
  paths: string[];
  active: string | null;
  unsaved: string[];
  onOpen: (path: string) => void;
}

/** The files of a service. */
export function FileTree({ paths, active, unsaved, onOpen }: Props) {
  return (
    <nav aria-label="Files" className={styles.files}>
      <h2>Files</h2>
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
