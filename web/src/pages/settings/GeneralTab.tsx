import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { tenantDetail } from "@/api/tenants";
import { Copy } from "@/components/Copy";
import { Panel } from "@/components/Panel";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Time } from "@/components/Time";
import { useRights } from "@/components/use-rights";
import styles from "./SettingsPage.module.css";

export function GeneralTab({ slug }: { slug: string }) {
  const { data, error, refetch } = useQuery(tenantDetail(slug));
  const { role, isOperator } = useRights(slug);
  if (data === undefined) return error && <ProblemPanel error={error} onRetry={() => void refetch()} />;
  return (
    <Panel title={data.slug} note="A tenant's name and id never change.">
      <dl className={styles.facts}>
        <Fact name="Name">{data.slug}</Fact>
        <Fact name="Id"><code>{data.id}</code> <Copy text={data.id} label="the id" /></Fact>
        <Fact name="Clone URL"><code>{data.cloneUrl}</code> <Copy text={data.cloneUrl} label="the clone URL" /></Fact>
        <Fact name="Default branch"><code>main</code> <span className="muted">what is on it runs; other branches are kept and do not deploy</span></Fact>
        <Fact name="Made"><Time at={data.createdAt} /></Fact>
        <Fact name="Your role">{role ?? (isOperator ? "none: you see it as an operator" : "none")}</Fact>
      </dl>
    </Panel>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
