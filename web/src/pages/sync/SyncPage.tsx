/** What main wants and what is live, service by service; and making the platform look again. */
import { noop, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { queryClient } from "@/api/query-client";
import type { Service } from "@/api/schema";
import { serviceList } from "@/api/services";
import { latestReleases } from "@/api/sync";
import { useAction } from "@/components/actions/registry";
import { CopyAs } from "@/components/copy-as/CopyAs";
import { reconcileCommands } from "@/components/copy-as/commands";
import { Empty } from "@/components/Empty";
import { Panel } from "@/components/Panel";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Table } from "@/components/Table";
import { Title } from "@/components/Title";
import { useReconcile } from "@/components/use-reconcile";
import { useRights } from "@/components/use-rights";
import * as paths from "@/paths";
import { HeldRemovals } from "./HeldRemovals";
import { LatestReleases } from "./LatestReleases";
import { ServiceRow } from "./ServiceRow";
import styles from "./SyncPage.module.css";

export function loader({ params: { slug = "" } }: { params: { slug?: string } }) {
  void queryClient.query(serviceList(slug)).catch(noop);
  void queryClient.query(latestReleases(slug)).catch(noop);
  return null;
}

export function Component() {
  const { slug = "" } = useParams();
  const { data, error, refetch } = useQuery(serviceList(slug));
  const mayCommit = useRights(slug).mayCommit;
  const reconcile = useReconcile(slug);
  const run = () => { reconcile.mutate(undefined); };
  useAction({ name: "Reconcile now", keys: "r", commands: reconcileCommands(slug), run, isOff: !mayCommit || reconcile.isPending });
  if (data === undefined) return error && <ProblemPanel error={error} onRetry={() => void refetch()} />;
  const held = data.items.filter(({ status }) => status.state === "held");
  return (
    <div className={styles.page}>
      <Title>{`${slug} · Sync`}</Title>
      <header className={styles.head}>
        <div>
          <h1>Sync</h1>
          <p className="muted">
            main is at <Link to={paths.commit(slug, data.head)}><code>{data.head.slice(0, 7)}</code></Link>; {sayState(data.items)}
          </p>
        </div>
        <span className={styles.actions}>
          {mayCommit && <button className="primary" disabled={reconcile.isPending} onClick={run}>Reconcile now <kbd>r</kbd></button>}
          <CopyAs commands={reconcileCommands(slug)} />
        </span>
      </header>
      {held.length > 0 && <HeldRemovals slug={slug} head={data.head} held={held} mayConfirm={mayCommit} />}
      {data.items.length === 0 ? (
        <Empty title="No services yet">What main wants, and what runs, is compared here.</Empty>
      ) : (
        <Table label="Services" columns={["Service", "State", "Wanted", "Live", "Changed by others"]} hasActions={mayCommit}>
          {data.items.map((service) => <ServiceRow key={service.name} slug={slug} service={service} mayCommit={mayCommit} />)}
        </Table>
      )}
      <Panel title="Latest releases"><LatestReleases slug={slug} /></Panel>
    </div>
  );
}

function sayState(services: Service[]): string {
  const apart = services.filter(({ tree, live, status }) => live?.tree !== tree || status.state === "held").length;
  if (apart === 0) return "everything that it wants is live.";
  return apart === 1 ? "one service is not as it wants it." : `${apart} services are not as it wants them.`;
}
