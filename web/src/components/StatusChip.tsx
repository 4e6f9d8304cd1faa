/** How a service is doing: a sign, a word and a colour, never the colour alone. */
import type { Service, ServiceState } from "@/api/schema";
import styles from "./StatusChip.module.css";

interface Look {
  sign: string;
  word: string;
  tone: "live" | "working" | "failed" | "muted";
}

const LOOKS: Record<ServiceState, Look> = {
  live: { sign: "✓", word: "Running", tone: "live" },
  pending: { sign: "◐", word: "Deploying", tone: "working" },
  superseded: { sign: "◐", word: "Deploying", tone: "working" },
  failed: { sign: "✕", word: "Failed", tone: "failed" },
  held: { sign: "‖", word: "Held", tone: "working" },
  removed: { sign: "⌫", word: "Removed", tone: "muted" },
  unknown: { sign: "?", word: "Unknown", tone: "muted" },
};

/** The state in words, for titles: `Running: 1`. */
export function describeStatus(service: Pick<Service, "status" | "replicas">): string {
  const { word } = LOOKS[service.status.state];
  return service.status.state === "live" ? `${word}: ${service.replicas ?? 1}` : word;
}

export function StatusChip({ service }: { service: Service }) {
  const { sign, tone } = LOOKS[service.status.state];
  const isOldServing = service.status.state !== "live" && service.live !== null && service.live.tree !== service.tree;
  const title = service.status.sentence ?? undefined;
  return (
    <span className={styles.status}>
      <span className={`${styles.chip ?? ""} ${styles[tone] ?? ""}`} title={title}>
        <span aria-hidden="true">{sign}</span> {describeStatus(service)}
      </span>
      {isOldServing && <span className="muted">the version before still serves</span>}
    </span>
  );
}
