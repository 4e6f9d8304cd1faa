/** A text with numbered lines. A click on a number names the line in the address; with Shift, all from the one before. */
import { useQuery } from "@tanstack/react-query";
import type { MouseEvent } from "react";
import { Link, useLocation, useNavigate } from "react-router";
import styles from "./CodeView.module.css";
import type { Token } from "./highlight";

interface Props {
  path: string;
  sha: string;
  text: string;
  first: number | undefined;
  last: number | undefined;
}

export function CodeView({ path, sha, text, first = 0, last = 0 }: Props) {
  const { search } = useLocation();
  const navigate = useNavigate();
  const plain = text.replace(/\n$/, "").split("\n").map((line): Token[] => [{ text: line, style: "" }]);
  const coloured = useQuery({
    queryKey: ["colours", path, sha],
    queryFn: async () => (await import("./highlight")).highlightLines(path, text),
    staleTime: Infinity,
  }).data;
  const extend = (event: MouseEvent, line: number) => {
    if (!event.shiftKey || first === 0) return;
    event.preventDefault();
    void navigate({ search, hash: `#L${Math.min(first, line)}-L${Math.max(first, line)}` }, { replace: true });
  };
  return (
    <div className={styles.scroller} tabIndex={0} role="group" aria-label={`Text of ${path}`}>
      <table className={styles.code}>
        <tbody>
          {(coloured ?? plain).map((tokens, index) => {
            const line = index + 1;
            const isNamed = line >= first && line <= last;
            return (
              <tr key={line} id={`L${line}`} ref={line === first ? reveal : null} aria-current={isNamed || undefined}>
                <td className={styles.number}>
                  <Link replace to={{ search, hash: `#L${line}` }} aria-label={`Line ${line}`} tabIndex={isNamed ? 0 : -1} onClick={(event) => { extend(event, line); }}>
                    {line}
                  </Link>
                </td>
                <td>{tokens.map(({ text: part, style }, at) => style === "" ? part : <span key={at} className={style}>{part}</span>)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function reveal(row: HTMLElement | null): void {
  row?.scrollIntoView({ block: "nearest" });
}
