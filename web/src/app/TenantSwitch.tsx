import { useNavigate } from "react-router";
import type { SessionTenant } from "@/api/schema";
import * as paths from "@/paths";
import styles from "./Shell.module.css";

/** Which tenant this is and, for those who know several, the way to another. */
export function TenantSwitch({ slug, tenants }: { slug: string; tenants: SessionTenant[] }) {
  const navigate = useNavigate();
  if (tenants.length < 2) return <span className={styles.tenant}>{slug}</span>;
  return (
    <span className={styles.tenant}>
      <select aria-label="Tenant" value={slug} onChange={(event) => void navigate(paths.services(event.target.value))}>
        {tenants.map((tenant) => <option key={tenant.id}>{tenant.slug}</option>)}
      </select>
    </span>
  );
}
