/** The services of a tenant: how each is doing, and a new one. */
import { noop, useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { useParams } from "react-router";
import { tenantDetail } from "@/api/tenants";
import { queryClient } from "@/api/query-client";
import { serviceList } from "@/api/services";
import { useAction } from "@/components/actions/registry";
import { CopyActions } from "@/components/copy-as/CopyActions";
import { listCommands, namespaceOf } from "@/components/copy-as/service-commands";
import { Empty } from "@/components/Empty";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Title } from "@/components/Title";
import { useTypedSearch } from "@/components/use-typed-search";
import { CloneLine } from "./CloneLine";
import { CreateForm } from "./CreateForm";
import { ServiceTable } from "./ServiceTable";
import styles from "./ServicesPage.module.css";
import { FILTERS, arrange, readView, writeView, type Show, type View } from "./view";

export function loader({ params }: { params: { slug?: string } }) {
  void queryClient.query(serviceList(params.slug ?? "")).catch(noop);
  return null;
}

export function Component() {
  const { slug = "" } = useParams();
  const { data, error, refetch } = useQuery(serviceList(slug));
  const { search, fields, type, setSearch } = useTypedSearch();
  const view = readView(search);
  const change = (next: View) => { type(writeView(search, next)); };
  const field = useRef<HTMLInputElement>(null);
  const id = useQuery(tenantDetail(slug)).data?.id;
  useAction({ name: "Filter services", keys: "/", run: () => field.current?.focus(), commands: listCommands(slug, id && namespaceOf(id)) });
  const all = data?.items ?? [];
  const shown = arrange(all, view);
  return (
    <div className={styles.page}>
      <Title>{`${slug} · Services`}</Title>
      <header className={styles.head}>
        <h1>Services</h1>
        <input
          key={fields}
          ref={field}
          type="search"
          aria-label="Filter services"
          placeholder="Filter  /"
          defaultValue={view.text}
          onChange={(event) => { change({ ...view, text: event.target.value }); }}
        />
        <div role="group" aria-label="Filter" className={styles.filters}>
          {Object.entries(FILTERS).map(([name, { label, keeps }]) => (
            <button
              key={name}
              className="quiet"
              aria-pressed={view.show === name}
              onClick={() => { change({ ...view, show: name as Show }); }}
            >
              {label} <span className="muted">{all.filter(keeps).length}</span>
            </button>
          ))}
        </div>
        <CopyActions />
      </header>
      {error && <ProblemPanel error={error} onRetry={() => void refetch()} />}
      {data && all.length === 0 && <Empty title="No services yet">Create your first one below, or push one with git.</Empty>}
      {all.length > 0 && <ServiceTable slug={slug} services={shown} view={view} onChange={change} />}
      {all.length > 0 && shown.length === 0 && (
        <Empty title="No service is like that">
          <button onClick={() => { setSearch(new URLSearchParams()); }}>Show all</button>
        </Empty>
      )}
      {data && <CreateForm slug={slug} taken={all.map(({ name }) => name)} />}
      <CloneLine slug={slug} />
    </div>
  );
}
