/** One object: as the cluster holds it, as main says it, and what differs by whom. */
import { useState } from "react";
import type { Difference, Resource } from "@/api/schema";
import { Copy } from "@/components/Copy";
import { Hunks } from "@/components/diff/Hunks";
import { parsePatch } from "@/components/diff/parse-patch";
import { TabList } from "@/components/TabList";
import { Table } from "@/components/Table";
import { Time } from "@/components/Time";
import styles from "./ObjectTree.module.css";
import { sayDifference } from "./objects";

const TABS = { live: "Live", diff: "Diff", desired: "Desired" };
type Name = keyof typeof TABS;

export function ObjectDetail({ resource }: { resource: Resource }) {
  const { kind, name, live, desired } = resource;
  const [active, setActive] = useState<Name>(live !== null && sayDifference(resource) !== null ? "diff" : live === null ? "desired" : "live");
  return (
    <div className={styles.detail}>
      <TabList label={`${kind} ${name}`} tabs={TABS} active={active} onSelect={setActive}>
        {active === "live" && <Manifest label={`live manifest of ${kind} ${name}`} text={live} absence="The cluster does not have it." />}
        {active === "diff" && <Comparison resource={resource} />}
        {active === "desired" && <Manifest label={`desired manifest of ${kind} ${name}`} text={desired} absence={sayUnsaid(resource)} />}
      </TabList>
    </div>
  );
}

function sayUnsaid({ kind }: Resource): string {
  return kind === "Pod" ? "Main says nothing of a single pod: its Deployment makes it." : "Main does not say it.";
}

function Manifest({ label, text, absence }: { label: string; text: string | null; absence: string }) {
  if (text === null) return <p className="muted">{absence}</p>;
  return (
    <div className={styles.manifest}>
      <Copy text={text} label={`the ${label}`} />
      <pre tabIndex={0} role="group" aria-label={label}>{text}</pre>
    </div>
  );
}

function Comparison({ resource }: { resource: Resource }) {
  const { kind, name, live, desired, patch, differences } = resource;
  if (desired === null) return <p className="muted">{sayUnsaid(resource)}</p>;
  if (live === null) return <p className="muted">The cluster does not have it.</p>;
  if (sayDifference(resource) === null) return <p className="muted">Nothing differs: the cluster holds what main says.</p>;
  return (
    <>
      {differences.length > 0 && <Differences differences={differences} />}
      {patch ? <Hunks hunks={parsePatch(patch).hunks} isSplit={false} label={`Changes of ${kind} ${name}`} /> : <p className="muted">The values that are shown are the same.</p>}
    </>
  );
}

function Differences({ differences }: { differences: readonly Difference[] }) {
  return (
    <Table label="What differs" columns={["Field", "By whom", "Changed"]}>
      {differences.map(({ field, manager, changedAt }) => (
        <tr key={field}>
          <th scope="row"><code>{field}</code></th>
          <td>{manager ?? <span className="muted">nobody known</span>}</td>
          <td>{changedAt && <Time at={changedAt} />}</td>
        </tr>
      ))}
    </Table>
  );
}
