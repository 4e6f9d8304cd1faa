import { Link } from "react-router";
import { Panel } from "@/components/Panel";
import { CopyLine } from "@/components/ShownOnce";
import * as paths from "@/paths";
import styles from "./TenantReady.module.css";
import type { Founded } from "./found-tenant";
import { writeFirstSteps } from "./first-steps";

/** The end of making a tenant: everything that its owner needs, as one text to send. */
export function TenantReady({ founded, onDone }: { founded: Founded; onDone: () => void }) {
  const { tenant, email, link } = founded;
  const steps = writeFirstSteps(tenant.slug, new URL(tenant.cloneUrl).origin, email);
  return (
    <Panel
      title={`${tenant.slug} is ready`}
      note={link ? `Send this to ${email}. The link works once, for a day, and is shown only now.` : `${email} has a login already; this is for the first five minutes.`}
      side={<button onClick={onDone}>Done</button>}
    >
      {link && (
        <section aria-label="Sign-in link" className={styles.link}>
          <strong>Sign-in link</strong>
          <p className="muted">Whoever opens it first chooses the password and is {email}.</p>
          <CopyLine label="the sign-in link" text={link.url} />
        </section>
      )}
      <section aria-label="First five minutes" className={styles.steps}>
        <strong>First five minutes</strong>
        <CopyLine label="the first five minutes" text={steps} />
      </section>
      <p><Link to={paths.services(tenant.slug)}>Look into {tenant.slug}</Link></p>
    </Panel>
  );
}
