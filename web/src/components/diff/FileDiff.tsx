import { Link } from "react-router";
import type { FileDifference } from "@/api/schema";
import styles from "./Comparison.module.css";
import { Hunks } from "./Hunks";
import { parsePatch } from "./parse-patch";

interface Props {
  file: FileDifference;
  isSplit: boolean;
  /** How to see it elsewhere where it is too long for a page. */
  command: string;
  link?: string | undefined;
}

export function FileDiff({ file, isSplit, command, link }: Props) {
  const { path, oldPath, status, added, removed, patch } = file;
  const name = status === "renamed" ? `${oldPath} → ${path}` : path;
  const parsed = patch === null ? null : parsePatch(patch);
  return (
    <details open className={styles.file}>
      <summary>
        <code>{name}</code>
        {status !== "modified" && <span className="muted">{status}</span>}
        <span className={styles.counts}><span className={styles.added}>+{added}</span> <span className={styles.removed}>−{removed}</span></span>
      </summary>
      {link !== undefined && status !== "deleted" && <Link to={link} className={styles.open}>Open<span className="hidden"> {path}</span></Link>}
      {parsed === null && <p className={styles.note}>This is too long for a page: <code>{command}</code></p>}
      {parsed?.isBinary && <p className={styles.note}>A binary file.</p>}
      {parsed && !parsed.isBinary && parsed.hunks.length === 0 && <p className={styles.note}>Its text is the same.</p>}
      {parsed && parsed.hunks.length > 0 && (
        <Hunks hunks={parsed.hunks} isSplit={isSplit} label={`Changes of ${path}`} />
      )}
    </details>
  );
}
