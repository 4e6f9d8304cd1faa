/** What became of a commit: a sign, words and a colour, never the colour alone. */
import type { DeployState } from "./deploy-state";
import styles from "./DeployMark.module.css";

const LOOKS: Record<DeployState["kind"] | "none", { sign: string; word: string }> = {
  live: { sign: "✓", word: "live now" },
  "was-live": { sign: "○", word: "was live" },
  failed: { sign: "✕", word: "failed" },
  working: { sign: "◐", word: "deploying" },
  held: { sign: "‖", word: "waits for a confirmation" },
  removed: { sign: "⌫", word: "removed" },
  superseded: { sign: "–", word: "overtaken before it was live" },
  none: { sign: "–", word: "not deployed" },
};

/** `service` where the commit is of several. */
export function DeployMark({ state, service }: { state: DeployState | null; service?: string | undefined }) {
  const kind = state?.kind ?? "none";
  const { sign, word } = LOOKS[kind];
  return (
    <span className={styles.mark} data-kind={kind}>
      <span aria-hidden="true">{sign}</span>
      {service !== undefined && <strong>{service}</strong>}
      {state?.kind === "was-live" ? saySpan(state.from, state.until) : word}
      {state?.kind === "failed" && <>: {state.sentence}</>}
    </span>
  );
}

/** `was live 14:02–15:10`, with dates where they are needed. */
export function saySpan(from: string, until: string | null): string {
  if (until === null) return "was live";
  const [start, end] = [new Date(from), new Date(until)];
  const isOneDay = start.toDateString() === end.toDateString();
  const today = start.toDateString() === new Date().toDateString();
  const say = (at: Date, withDate: boolean) =>
    at.toLocaleString([], { hour: "2-digit", minute: "2-digit", ...(withDate && { day: "numeric", month: "short" }) });
  const [first, last] = [say(start, !today), say(end, !isOneDay)];
  return first === last ? `was live ${first}` : `was live ${first} – ${last}`;
}
