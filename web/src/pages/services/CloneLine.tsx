import { useQuery } from "@tanstack/react-query";
import { tenantDetail } from "@/api/tenants";
import { Copy } from "@/components/Copy";
import styles from "./ServicesPage.module.css";

/** How to have it all on one's own machine. */
export function CloneLine({ slug }: { slug: string }) {
  const url = useQuery(tenantDetail(slug)).data?.cloneUrl;
  if (url === undefined) return null;
  const command = `git clone ${url}`;
  return (
    <p className={styles.clone}>
      <code>{command}</code> <Copy text={command} label="the command" />
    </p>
  );
}
