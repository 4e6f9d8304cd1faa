import { useLayoutEffect, useRef } from "react";
import { Link } from "react-router";
import type { NumberedLine } from "@/api/logs";
import { Copy } from "@/components/Copy";
import * as paths from "@/paths";
import { findPlace, type Place } from "@/components/history/traceback";
import { sayBoundary, writeLine } from "./log-items";
import styles from "./Logs.module.css";

const MOST = 400; // characters of a line that is not open
const MOST_WRAPPED = 4_000; // and of one that goes on below

interface Props {
  line: NumberedLine;
  paths: readonly string[];
  onPlace: (place: Place) => void;
  linkTo: (request: string) => string;
  wraps: boolean;
  onDraw: (row: HTMLElement) => void;
  /** Is it the one that Tab leads to? */
  isEntry: boolean;
  isOpen: boolean;
  onToggle: () => void;
  onMeasure: (height: number) => void;
  /** It goes away while it has the focus. */
  onGone: () => void;
}

/** One line on one row. All that can be done with it can be done where it is open, too. */
export function LogRow(props: Props) {
  const { line: { id, at, level, requestId, commit, text }, linkTo, isEntry, isOpen, wraps, onToggle, onDraw, onGone } = props;
  const row = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (wraps && row.current) onDraw(row.current);
  });
  const place = findPlace(text, props.paths);
  const watch = (element: HTMLDivElement) => {
    row.current = element;
    return () => {
      if (element.contains(document.activeElement)) onGone();
    };
  };
  return (
    <>
      <div ref={watch} className={styles.line} data-level={level} data-open={isOpen || undefined}>
        <time dateTime={at ?? undefined}>{at && sayTime(at)}</time>
        <code>{commit?.slice(0, 7)}</code>
        <span className={styles.level}>{level}</span>
        {requestId !== null && (
          <Link to={linkTo(requestId)} tabIndex={-1} className={styles.request} title={requestId}>
            <span className="hidden">Only request </span>{requestId.slice(-6)}
          </Link>
        )}
        <button data-key={id} tabIndex={isEntry ? 0 : -1} className={`quiet ${styles.text ?? ""}`} aria-expanded={isOpen} onClick={onToggle}>
          <span>{text.slice(0, wraps ? MOST_WRAPPED : MOST) || "\u00a0"}</span>
        </button>
        {place && (
          <button className="quiet" tabIndex={-1} onClick={() => { props.onPlace(place); }}>{place.file}:{place.line}</button>
        )}
      </div>
      {isOpen && <OpenLine {...props} place={place} />}
    </>
  );
}

/** All of a line. */
function OpenLine({ line, linkTo, onPlace, onMeasure, place }: Props & { place: Place | null }) {
  const { text, requestId, at, pod, complete } = line;
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => { onMeasure(element.offsetHeight); });
    observer.observe(element);
    element.scrollIntoView({ block: "nearest" });
    return () => {
      observer.disconnect();
    };
  });
  return (
    <div ref={box} role="group" aria-label="Whole line" className={styles.open}>
      <pre tabIndex={0} aria-label="Text">{text}</pre>
      {!complete && <p className="muted">It was too long: its end is left out.</p>}
      <p className={styles.facts}>
        {at !== null && <time dateTime={at}>{new Date(at).toLocaleString()}</time>}
        <span>{pod}</span>
        <Copy text={writeLine(line)} label="the line" />
        {requestId !== null && <Link to={linkTo(requestId)}>Only request {requestId}</Link>}
        {place && <button className="quiet" onClick={() => { onPlace(place); }}>{place.file}:{place.line}</button>}
      </p>
    </div>
  );
}

export function LogBoundary({ slug, boundary }: { slug: string; boundary: { pod: string; commit: string | null; isNew: boolean } }) {
  const { commit, pod } = boundary;
  return (
    <p className={styles.boundary} title={pod}>
      {commit === null ? sayBoundary(boundary) : <Link to={paths.commit(slug, commit)}>{sayBoundary(boundary)}</Link>}
    </p>
  );
}

/** `14:02:33.041`, as the clock on the wall has it. */
function sayTime(at: string): string {
  const moment = new Date(at);
  return `${moment.toLocaleTimeString("en-GB")}.${String(moment.getMilliseconds()).padStart(3, "0")}`;
}
