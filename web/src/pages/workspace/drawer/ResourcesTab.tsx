/** What runs of the service: its Deployment, the pods of it, what others have changed, and all objects beside what main says. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Link } from "react-router";
import { resourcesKey } from "@/api/resources";
import { tenantDetail } from "@/api/tenants";
import { namespaceOf, podCommands } from "@/components/copy-as/service-commands";
import { copyItems, useCopy } from "@/components/copy-as/use-copy";
import { DriftNote } from "@/components/DriftNote";
import { Menu } from "@/components/menu/Menu";
import { ProblemPanel } from "@/components/ProblemPanel";
import { StatusChip } from "@/components/StatusChip";
import { Table } from "@/components/Table";
import * as paths from "@/paths";
import type { DrawerProps } from "./Drawer";
import { PodRow } from "./PodRow";
import { countReady } from "./pods";
import styles from "./ResourcesTab.module.css";
import { usePods } from "./use-pods";

const ObjectTree = lazy(() => import("./ObjectTree").then((module) => ({ default: module.ObjectTree })));

export function ResourcesTab({ slug, service, paths: files, onOpen }: DrawerProps) {
  const { name, commit, subject, replicas, status, drift } = service;
  const { pods, error, readAt, readAgain } = usePods(slug, name);
  const id = useQuery(tenantDetail(slug)).data?.id;
  const namespace = id && namespaceOf(id);
  const copy = useCopy();
  const cache = useQueryClient();
  const lookAgain = () => {
    readAgain();
    void cache.invalidateQueries({ queryKey: resourcesKey(slug, name) });
  };
  // What a pod says of itself is not said of all of them too.
  const isSaid = pods?.some(({ sentence }) => sentence === status.sentence) ?? false;
  return (
    <div className={styles.resources}>
      <section aria-label="Deployment of the cluster" className={styles.deployment}>
        <strong>Deployment</strong> <code>{name}</code>
        <StatusChip service={service} />
        {pods && <span>{countReady(pods, replicas)}</span>}
        <span className={styles.subject}>
          <Link to={paths.commit(slug, commit)}><code>{commit.slice(0, 7)}</code></Link> <span className="muted">{subject}</span>
        </span>
        <span className={styles.tools}>
          {pods && <span className="muted">as of {new Date(readAt).toLocaleTimeString()}</span>}
          <button className="quiet" onClick={lookAgain}>Look again</button>
          <Menu label="Copy as" list={() => copyItems(podCommands(slug, name, namespace), copy)}>Copy as ▾</Menu>
        </span>
      </section>
      {status.state !== "live" && status.sentence && !isSaid && <p className={styles.why}>{status.sentence}</p>}
      {drift && <section aria-label="Changed by others"><DriftNote drift={drift} /></section>}
      {error && <ProblemPanel error={error} onRetry={readAgain} />}
      {pods?.length === 0 && <p className="muted">No pods. {status.state === "pending" ? "They are on their way." : "Nothing of it runs."}</p>}
      {pods && pods.length > 0 && (
        <Table label="Pods" columns={["Pod", "State", "Revision", "Started", "Restarts"]} hasActions>
          {pods.map((pod) => (
            <PodRow key={pod.name} slug={slug} pod={pod} wanted={commit} namespace={namespace} files={files} onOpen={onOpen} />
          ))}
        </Table>
      )}
      <Suspense fallback={null}><ObjectTree slug={slug} service={name} /></Suspense>
    </div>
  );
}
