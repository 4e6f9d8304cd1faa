/** The lines of a patch, in one column or in two. */
import styles from "./Comparison.module.css";
import { pairLines, type DiffLine, type Hunk } from "./parse-patch";

interface Props {
  hunks: readonly Hunk[];
  isSplit: boolean;
  label: string;
}

export function Hunks({ hunks, isSplit, label }: Props) {
  return (
    <div className={styles.scroller} tabIndex={0} role="group" aria-label={label}>
      <table className={styles.table} data-split={isSplit}>
        <colgroup>
          <col className={styles.numbers} />
          <col className={isSplit ? undefined : styles.numbers} />
          {isSplit && <col className={styles.numbers} />}
          <col />
        </colgroup>
        <tbody>{hunks.map((hunk, index) => isSplit ? <SplitHunk key={index} hunk={hunk} /> : <UnifiedHunk key={index} hunk={hunk} />)}</tbody>
      </table>
    </div>
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
