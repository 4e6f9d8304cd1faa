import { Link } from "react-router";
import * as paths from "@/paths";
import styles from "./FilePage.module.css";
import { saySize, type DirectoryEntry, type FileOfCommit } from "./place";

export function Directory({ place, entries }: { place: FileOfCommit; entries: DirectoryEntry[] }) {
  const { slug, service, path, ref } = place;
  return (
    <ul aria-label="Files" className={styles.directory}>
      {entries.map(({ name, size }) => (
        <li key={name}>
          <Link to={paths.file(slug, service, path === "" ? name : `${path}/${name}`, { ref })}>{size === undefined ? `${name}/` : name}</Link>
          {size !== undefined && <span className="muted">{saySize(size)}</span>}
        </li>
      ))}
    </ul>
  );
}
