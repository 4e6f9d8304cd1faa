/** Below the editor: what the service says, what is wrong, and what it was. A new tab is a row here and a file beside. */
import { useState } from "react";
import type { ProblemEntry, Service } from "@/api/schema";
import { useAction } from "@/components/actions/registry";
import { historyCommands } from "@/components/copy-as/commands";
import { logCommands } from "@/components/copy-as/service-commands";
import { TabList } from "@/components/TabList";
import type { Place } from "../traceback";
import styles from "./Drawer.module.css";
import { HistoryTab } from "./HistoryTab";
import { LogsTab } from "./LogsTab";
import { ProblemsTab } from "./ProblemsTab";
import { SettingsTab } from "./SettingsTab";

export interface DrawerProps {
  slug: string;
  service: Service;
  paths: string[];
  problems: ProblemEntry[];
  onOpen: (place: Place) => void;
}

const TABS = { logs: LogsTab, problems: ProblemsTab, history: HistoryTab, settings: SettingsTab };
type Name = keyof typeof TABS;

export function Drawer(props: DrawerProps) {
  const [active, setActive] = useState<Name>("logs");
  const [isOpen, setOpen] = useState(true);
  const show = (name: Name) => {
    setActive(name);
    setOpen(true);
  };
  useAction({ name: "Logs", keys: "l", commands: logCommands(props.slug, props.service.name), run: () => { show("logs"); } });
  useAction({ name: "History of this service", keys: "h", commands: historyCommands(props.slug, props.service.name), run: () => { show("history"); } });
  useAction({ name: "Settings of this service", run: () => { show("settings"); } });
  const Tab = TABS[active];
  const count = props.problems.length;
  return (
    <section aria-label="Drawer" className={styles.drawer} data-open={isOpen} data-tab={active}>
      <TabList
        label="Drawer"
        tabs={{ logs: "Logs", problems: `Problems ${count}`, history: "History", settings: "Settings" }}
        active={active}
        onSelect={show}
      >
        {isOpen && <Tab {...props} />}
      </TabList>
      <button className={`quiet ${styles.toggle ?? ""}`} aria-expanded={isOpen} onClick={() => { setOpen(!isOpen); }}>
        {isOpen ? "Hide" : "Show"}
      </button>
    </section>
  );
}
