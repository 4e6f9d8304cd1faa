/** How far the newest release has come, stage by stage, with the times that were measured; and where it failed. */
import type { Release, Stage } from "@/api/schema";
import { findCause, type Place } from "@/components/history/traceback";
import { sayDuration } from "@/components/Time";
import styles from "./DeployStrip.module.css";

const STAGES: Record<Stage, string> = { commit: "Commit", check: "Check", apply: "Apply", start: "Start", live: "Live" };
const NAMES = Object.keys(STAGES) as Stage[];

interface Props {
  release: Release | null;
  /** The files of the service. */
  paths: readonly string[];
  onOpen: (place: Place) => void;
}

export function DeployStrip({ release, paths, onOpen }: Props) {
  if (release === null) return null;
  const place = release.state === "failed" ? findCause(release, paths) : null;
  const isOver = release.state === "failed" || release.state === "live";
  const current = isOver ? undefined : NAMES.find((stage) => !(stage in release.stages));
  return (
    <section aria-label="Deployment" className={styles.strip} data-state={release.state}>
      <code className="muted">{release.commit.slice(0, 7)}</code>
      <ol className={styles.stages}>
        {NAMES.map((stage) => {
          const reached = release.stages[stage];
          return (
            <li key={stage} data-state={reached ? "done" : stage === current ? "current" : "ahead"}>
              <span aria-hidden="true">{reached ? "✓" : stage === current ? "◐" : "·"}</span> {STAGES[stage]}
              {reached && <span className="muted"> {sayDuration(reached.ms)}</span>}
            </li>
          );
        })}
      </ol>
      <strong role="status" className={styles.result}>{sayResult(release)}</strong>
      {release.state === "failed" && (
        <p className={styles.failure}>
          {place && <button className="quiet mono" onClick={() => { onOpen(place); }}>{place.file}:{place.line}</button>}
          <span role="alert">{release.sentence ?? release.reason}</span>
        </p>
      )}
    </section>
  );
}

function sayResult(release: Release): string {
  if (release.state === "live") return release.liveMs === null ? "live" : `live in ${sayDuration(release.liveMs)}`;
  if (release.state === "pending") return "on its way";
  return release.state;
}
