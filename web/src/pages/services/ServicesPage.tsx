/** The services of a tenant: how each is doing, and a new one. */
import { noop, useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useParams } from "react-router";
import { tenantDetail } from "@/api/tenants";
import { queryClient } from "@/api/query-client";
import { serviceList } from "@/api/services";
import type { Service } from "@/api/schema";
import { useAction } from "@/components/actions/registry";
import { CopyActions } from "@/components/copy-as/CopyActions";
import { listCommands, namespaceOf } from "@/components/copy-as/service-commands";
import { Empty } from "@/components/Empty";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Title } from "@/components/Title";
import { CloneLine } from "./CloneLine";
import { CreateForm } from "./CreateForm";
import { ServiceTable } from "./ServiceTable";
import styles from "./ServicesPage.module.css";

export function loader({ params }: { params: { slug?: string } }) {
  void queryClient.query(serviceList(params.slug ?? "")).catch(noop);
  return null;
}

const FILTERS = {
  All: () => true,
  Failing: (service: Service) => service.status.state === "failed",
  Deploying: (service: Service) => service.status.state === "pending",
} as const;

export function Component() {
  const { slug = "" } = useParams();
  const { data, error, refetch } = useQuery(serviceList(slug));
  const [filter, setFilter] = useState<keyof typeof FILTERS>("All");
  const [text, setText] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const id = useQuery(tenantDetail(slug)).data?.id;
  useAction({ name: "Filter services", keys: "/", run: () => field.current?.focus(), commands: listCommands(slug, id && namespaceOf(id)) });
  const all = data?.items ?? [];
  const shown = all.filter(FILTERS[filter]).filter(({ name, subject }) => `${name} ${subject}`.toLowerCase().includes(text.toLowerCase()));
  return (
    <div className={styles.page}>
      <Title>{`${slug} · Services`}</Title>
      <header className={styles.head}>
        <h1>Services</h1>
        <input ref={field} type="search" aria-label="Filter services" placeholder="Filter  /" value={text} onChange={(event) => { setText(event.target.value); }} />
        <div role="group" aria-label="Filter" className={styles.filters}>
          {Object.entries(FILTERS).map(([name, keeps]) => (
            <button
              key={name}
              className="quiet"
              aria-pressed={filter === name}
              onClick={() => { setFilter(name as keyof typeof FILTERS); }}
            >
              {name} <span className="muted">{all.filter(keeps).length}</span>
            </button>
          ))}
        </div>
        <CopyActions />
      </header>
      {error && <ProblemPanel error={error} onRetry={() => void refetch()} />}
      {data && all.length === 0 && <Empty title="No services yet">Create your first one below, or push one with git.</Empty>}
      {all.length > 0 && <ServiceTable slug={slug} services={shown} />}
      {data && <CreateForm slug={slug} taken={all.map(({ name }) => name)} />}
      <CloneLine slug={slug} />
    </div>
  );
}
