import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import type { HistoryFilter } from "@/api/history";
import { serviceList } from "@/api/services";
import { useAction } from "@/components/actions/registry";
import { changeFilter, readFilter, WAYS } from "./filter";
import styles from "./HistoryPage.module.css";

interface Props {
  slug: string;
  search: URLSearchParams;
  onChange: (search: URLSearchParams) => void;
}

export function Filters({ slug, search, onChange }: Props) {
  const filter = readFilter(search);
  const names = useQuery(serviceList(slug)).data?.items.map(({ name }) => name) ?? [];
  // One that is gone has a history all the same.
  const services = filter.service === undefined || names.includes(filter.service) ? names : [...names, filter.service];
  const field = useRef<HTMLInputElement>(null);
  useAction({ name: "Filter commits", keys: "/", run: () => field.current?.focus() });
  const set = (name: keyof HistoryFilter, value: string) => { onChange(changeFilter(search, name, value)); };
  return (
    <form role="search" aria-label="Commits" className={styles.filters} onSubmit={(event) => { event.preventDefault(); }}>
      <input
        ref={field}
        type="search"
        aria-label="Text"
        placeholder="Message or id  /"
        defaultValue={filter.text}
        onChange={(event) => { set("text", event.target.value); }}
      />
      <input
        type="search"
        aria-label="Author"
        placeholder="Author"
        defaultValue={filter.author}
        onChange={(event) => { set("author", event.target.value); }}
      />
      <select aria-label="Service" value={filter.service ?? ""} onChange={(event) => { set("service", event.target.value); }}>
        <option value="">All services</option>
        {services.map((name) => <option key={name}>{name}</option>)}
      </select>
      <select aria-label="Via" value={filter.via ?? ""} onChange={(event) => { set("via", event.target.value); }}>
        <option value="">Any way</option>
        {WAYS.map((name) => <option key={name} value={name}>via {name}</option>)}
      </select>
      <button type="button" aria-pressed={filter.failed ?? false} onClick={() => { set("failed", filter.failed ? "" : "true"); }}>
        <span aria-hidden="true">✕</span> Failed
      </button>
      {filter.path !== undefined && (
        <button type="button" onClick={() => { set("path", ""); }}>
          <code>{filter.path}</code> <span aria-hidden="true">×</span><span className="hidden">, any path instead</span>
        </button>
      )}
    </form>
  );
}
