/** Below the editor: what the service says, what is wrong, and what it was. A new tab is a row here and a file beside. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useSearchParams } from "react-router";
import type { ProblemEntry, Service } from "@/api/schema";
import { tenantDetail } from "@/api/tenants";
import { useAction } from "@/components/actions/registry";
import { historyCommands } from "@/components/copy-as/commands";
import { logCommands, namespaceOf, podCommands } from "@/components/copy-as/service-commands";
import { TabList } from "@/components/TabList";
import type { Place } from "@/components/history/traceback";
import styles from "./Drawer.module.css";
import { ProblemsTab } from "./ProblemsTab";
import { SettingsTab } from "./SettingsTab";

// After the page, which is to be there soon.
const HistoryTab = lazy(() => import("./HistoryTab").then((module) => ({ default: module.HistoryTab })));
const LogsTab = lazy(() => import("./LogsTab").then((module) => ({ default: module.LogsTab })));
const ResourcesTab = lazy(() => import("./ResourcesTab").then((module) => ({ default: module.ResourcesTab })));

export interface DrawerProps {
  slug: string;
  service: Service;
  paths: string[];
  problems: ProblemEntry[];
  onOpen: (place: Place) => void;
}

const TABS = { logs: LogsTab, problems: ProblemsTab, history: HistoryTab, resources: ResourcesTab, settings: SettingsTab };
type Name = keyof typeof TABS;

export function Drawer(props: DrawerProps) {
  const [search] = useSearchParams();
  const [active, setActive] = useState(() => readName(search.get("tab")));
  const [isOpen, setOpen] = useState(true);
  const show = (name: Name) => {
    setActive(name);
    setOpen(true);
  };
  const id = useQuery(tenantDetail(props.slug)).data?.id;
  const namespace = id && namespaceOf(id);
  useAction({ name: "Logs", keys: "l", commands: logCommands(props.slug, props.service.name, namespace), run: () => { show("logs"); } });
  useAction({ name: "History of this service", keys: "h", commands: historyCommands(props.slug, props.service.name), run: () => { show("history"); } });
  useAction({ name: "Resources of this service", commands: podCommands(props.slug, props.service.name, namespace), run: () => { show("resources"); } });
  useAction({ name: "Settings of this service", run: () => { show("settings"); } });
  const Tab = TABS[active];
  const count = props.problems.length + (props.service.status.state === "failed" ? 1 : 0);
  return (
    <section aria-label="Drawer" className={styles.drawer} data-open={isOpen} data-tab={active}>
      <TabList
        label="Drawer"
        tabs={{ logs: "Logs", problems: `Problems ${count}`, history: "History", resources: "Resources", settings: "Settings" }}
        active={active}
        onSelect={show}
      >
        {isOpen && <Suspense fallback={<p className="muted">Loading…</p>}><Tab {...props} /></Suspense>}
      </TabList>
      <button className={`quiet ${styles.toggle ?? ""}`} aria-expanded={isOpen} onClick={() => { setOpen(!isOpen); }}>
        {isOpen ? "Hide" : "Show"}
      </button>
    </section>
  );
}

function readName(tab: string | null): Name {
  return tab !== null && Object.hasOwn(TABS, tab) ? (tab as Name) : "logs";
}
