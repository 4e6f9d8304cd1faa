/** What the cluster holds of a service, as a tree: how each object is doing, and whether main says the same. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { resourceList } from "@/api/resources";
import type { Resource } from "@/api/schema";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Time } from "@/components/Time";
import { useReconcile } from "@/components/use-reconcile";
import { useRights } from "@/components/use-rights";
import { ObjectDetail } from "./ObjectDetail";
import styles from "./ObjectTree.module.css";
import { findChildren, keyOf, OBJECT_LOOKS, sayDifference } from "./objects";

export function ObjectTree({ slug, service }: { slug: string; service: string }) {
  const { data, error, refetch } = useQuery(resourceList(slug, service));
  const mayCommit = useRights(slug).mayCommit;
  const reconcile = useReconcile(slug);
  // What is wanted of the cluster is what git says: putting one back is looking at the service again.
  const putBack = mayCommit ? () => { reconcile.mutate(service); } : undefined;
  return (
    <section aria-label="Objects of the cluster" className={styles.objects}>
      <strong>Objects</strong>
      {error && <ProblemPanel error={error} onRetry={() => void refetch()} />}
      {data && <Branch all={data.items} parent={null} putBack={putBack} />}
      {!data && !error && <p className="muted">Loading…</p>}
    </section>
  );
}

interface BranchProps {
  all: readonly Resource[];
  parent: Resource | null;
  putBack: (() => void) | undefined;
}

function Branch({ all, parent, putBack }: BranchProps) {
  const children = findChildren(all, parent);
  if (children.length === 0) return null;
  return (
    <ul className={styles.branch} aria-label={parent ? `Made by ${parent.name}` : "Objects"}>
      {children.map((one) => (
        <li key={keyOf(one)}>
          <ObjectRow resource={one} putBack={putBack} />
          <Branch all={all} parent={one} putBack={putBack} />
        </li>
      ))}
    </ul>
  );
}

function ObjectRow({ resource, putBack }: { resource: Resource; putBack: (() => void) | undefined }) {
  const [isOpen, setOpen] = useState(false);
  const { kind, name, state, sentence, createdAt } = resource;
  const { sign, word } = OBJECT_LOOKS[state];
  const difference = sayDifference(resource);
  return (
    <>
      <div className={styles.row}>
        <button className={`quiet ${styles.name ?? ""}`} aria-expanded={isOpen} onClick={() => { setOpen(!isOpen); }}>
          <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span> {kind} <code>{name}</code>
        </button>
        <span className={styles.state} data-state={state}><span aria-hidden="true">{sign}</span> {word}</span>
        <span className={`muted ${styles.sentence ?? ""}`}>{sentence}{createdAt && <> · <Time at={createdAt} /></>}</span>
        {difference && <span className={styles.difference}><span aria-hidden="true">▲</span> {difference}</span>}
        {difference && putBack && <button onClick={putBack}>Put back<span className="hidden"> {kind} {name}</span></button>}
      </div>
      {isOpen && <ObjectDetail resource={resource} />}
    </>
  );
}
