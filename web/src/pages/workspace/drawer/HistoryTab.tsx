import { HistoryList } from "@/components/history/HistoryList";
import type { DrawerProps } from "./Drawer";
import styles from "./Drawer.module.css";

/** Every commit of the service, the newest first, each one click away. */
export function HistoryTab({ slug, service }: DrawerProps) {
  return (
    <div className={styles.history}>
      <HistoryList slug={slug} filter={{ service: service.name }} />
    </div>
  );
}
