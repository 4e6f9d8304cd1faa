import type { Drift } from "@/api/schema";
import styles from "./DriftNote.module.css";
import { Time } from "./Time";

/** Who has changed what of what runs, and that it was put back. */
export function DriftNote({ drift }: { drift: Drift }) {
  const { reason, object, fields, manager, correctedAt, pause } = drift;
  return (
    <p className={styles.drift} data-reason={reason}>
      <span aria-hidden="true">▲</span> <strong>{manager ?? "Somebody"}</strong> changed {fields.join(", ")} of {object};
      put back <Time at={correctedAt} />
      {reason === "Contested" && `, and as it goes on, once in ${Math.round(pause)} s only`}.
    </p>
  );
}
