import { useQuery } from "@tanstack/react-query";
import { platformFacts, platformHealth } from "@/api/platform";
import type { Health, PlatformFacts } from "@/api/schema";
import { Panel } from "@/components/Panel";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Table } from "@/components/Table";
import styles from "./AdminPage.module.css";

const SAID: Record<Health["status"], string> = {
  ok: "Everything answers.",
  degraded: "PaaKS serves, and a part of it does not answer.",
  "not ready": "PaaKS cannot serve.",
};
/** As `paaks doctor` advises. */
const ADVICE: Record<string, string> = {
  database: "run/log/database.log in the data directory; logins wait, services go on",
  node: "run/log/node.log in the data directory; it is started again by itself",
  network: "a network that enforces NetworkPolicy; until then tenants must trust each other",
  controller: "run/log/controller.log; without it pushes are accepted and wait",
};

export function PlatformTab() {
  const health = useQuery(platformHealth);
  const facts = useQuery(platformFacts);
  return (
    <>
      <Panel
        title="Health"
        note={health.data && SAID[health.data.status]}
        side={<button disabled={health.isFetching} onClick={() => void health.refetch()}>Look again</button>}
      >
        {health.error && <ProblemPanel error={health.error} onRetry={() => void health.refetch()} />}
        {health.data?.parts && <Parts parts={health.data.parts} />}
      </Panel>
      <Panel title="What runs">
        {facts.error && <ProblemPanel error={facts.error} onRetry={() => void facts.refetch()} />}
        {facts.data && <Facts facts={facts.data} />}
      </Panel>
    </>
  );
}

function Parts({ parts }: { parts: NonNullable<Health["parts"]> }) {
  const isAdvised = parts.some(({ ok, name }) => !ok && name in ADVICE);
  return (
    <Table label="Parts" columns={["Part", "State", "It says", ...(isAdvised ? ["What to look at"] : [])]}>
      {parts.map(({ name, ok, detail }) => (
        <tr key={name}>
          <th scope="row">{name}</th>
          <td className={ok ? styles.good : styles.bad}>{ok ? "✓ ok" : "✕ not ok"}</td>
          <td>{detail}</td>
          {isAdvised && <td className="muted">{ok ? "" : ADVICE[name]}</td>}
        </tr>
      ))}
    </Table>
  );
}

function Facts({ facts }: { facts: PlatformFacts }) {
  const isolation = facts.isolation === "none" ? "handlers are not isolated" : facts.isolation;
  const rows: [string, string][] = [
    ["Version", facts.version],
    ["Pages, API and git", facts.publicUrl],
    ["Services", facts.appsUrl],
    ["Isolation", facts.singleDomain ? `${isolation}; all tenants trust each other (PAAKS_INSECURE_SINGLE_DOMAIN)` : isolation],
    ["Tenants", String(facts.tenants)],
    ["Users", String(facts.users)],
  ];
  return (
    <dl className={styles.facts}>
      {rows.map(([name, value]) => (
        <div key={name} className={styles.row}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      <div className={styles.row}>
        <dt>Figures</dt>
        <dd><a href="/metrics">/metrics</a>, for Prometheus; <a href="/docs">/docs</a>, the HTTP API</dd>
      </div>
    </dl>
  );
}
