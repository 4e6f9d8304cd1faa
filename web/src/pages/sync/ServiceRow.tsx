import { Link } from "react-router";
import type { Service } from "@/api/schema";
import { DriftNote } from "@/components/DriftNote";
import { StatusChip } from "@/components/StatusChip";
import { useReconcile } from "@/components/use-reconcile";
import * as paths from "@/paths";
import styles from "./SyncPage.module.css";

export function ServiceRow({ slug, service, mayCommit }: { slug: string; service: Service; mayCommit: boolean }) {
  const { name, commit, subject, live, status } = service;
  const reconcile = useReconcile(slug);
  return (
    <tr>
      <th scope="row" className={styles.name}><Link to={paths.service(slug, name)}>{name}</Link></th>
      <td>
        <StatusChip service={service} />
        {status.state === "failed" && status.sentence && <p className={styles.failure}>{status.sentence}</p>}
      </td>
      <td>
        <Link to={paths.commit(slug, commit)}><code>{commit.slice(0, 7)}</code></Link> <span className="muted">{subject}</span>
      </td>
      <td>
        {live === null ? <span className="muted">nothing</span> : <Link to={paths.commit(slug, live.commit)}><code>{live.commit.slice(0, 7)}</code></Link>}
      </td>
      <td>{service.drift ? <DriftNote drift={service.drift} /> : <span className="muted">–</span>}</td>
      {mayCommit && (
        <td>
          <button className="quiet" disabled={reconcile.isPending} onClick={() => { reconcile.mutate(name); }}>
            {status.state === "failed" ? "Try again" : "Reconcile"}<span className="hidden"> {name}</span>
          </button>
        </td>
      )}
    </tr>
  );
}
