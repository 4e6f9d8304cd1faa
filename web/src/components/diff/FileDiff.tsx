import { Link } from "react-router";
import type { FileDifference } from "@/api/schema";
import styles from "./Comparison.module.css";
import { pairLines, parsePatch, type DiffLine, type Hunk } from "./parse-patch";

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
        <div className={styles.scroller} tabIndex={0} role="group" aria-label={`Changes of ${path}`}>
          <table className={styles.table} data-split={isSplit}>
            <colgroup>
              <col className={styles.numbers} />
              <col className={isSplit ? undefined : styles.numbers} />
              {isSplit && <col className={styles.numbers} />}
              <col />
            </colgroup>
            <tbody>{parsed.hunks.map((hunk, index) => isSplit ? <SplitHunk key={index} hunk={hunk} /> : <UnifiedHunk key={index} hunk={hunk} />)}</tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function UnifiedHunk({ hunk }: { hunk: Hunk }) {
  return (
    <>
      <tr className={styles.hunk}><td colSpan={3}>⋯ {hunk.heading}</td></tr>
      {hunk.lines.map((line, index) => (
        <tr key={index} data-kind={line.kind}>
          <td className={styles.number}>{line.before}</td>
          <td className={styles.number}>{line.after}</td>
          <td className={styles.text}><Sign kind={line.kind} />{line.text}</td>
        </tr>
      ))}
    </>
  );
}

function SplitHunk({ hunk }: { hunk: Hunk }) {
  return (
    <>
      <tr className={styles.hunk}><td colSpan={4}>⋯ {hunk.heading}</td></tr>
      {pairLines(hunk.lines).map(([before, after], index) => (
        <tr key={index}>
          <Side line={before} number={before?.before} />
          <Side line={after} number={after?.after} />
        </tr>
      ))}
    </>
  );
}

function Side({ line, number }: { line: DiffLine | null; number: number | null | undefined }) {
  return (
    <>
      <td className={styles.number} data-kind={line?.kind ?? "none"}>{number}</td>
      <td className={styles.text} data-kind={line?.kind ?? "none"}>{line && <><Sign kind={line.kind} />{line.text}</>}</td>
    </>
  );
}

const SIGNS: Record<DiffLine["kind"], string> = { same: " ", removed: "−", added: "+" };

/** Not the colour alone says what became of a line. */
function Sign({ kind }: { kind: DiffLine["kind"] }) {
  return <span className={styles.sign}>{SIGNS[kind]}</span>;
}
