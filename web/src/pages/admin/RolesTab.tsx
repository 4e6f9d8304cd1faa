import { useQuery } from "@tanstack/react-query";
import { permissionList } from "@/api/platform";
import type { Permission } from "@/api/schema";
import { Panel } from "@/components/Panel";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Table } from "@/components/Table";
import styles from "./AdminPage.module.css";

const ROLES = ["viewer", "developer", "admin", "operator"] as const;

/** Why can't I? The table by which the server judges, as it tells it. */
export function RolesTab() {
  const { data, error, refetch } = useQuery(permissionList);
  const items = data?.items ?? [];
  return (
    <>
      {error && <ProblemPanel error={error} onRetry={() => void refetch()} />}
      {items.length > 0 && (
        <>
          <Matrix title="In a tenant" note="Viewer, developer and admin are given in a tenant's members; an operator needs no role to look into one." items={items.filter(({ platform }) => !platform)} />
          <Matrix title="On the platform" items={items.filter(({ platform }) => platform)} />
        </>
      )}
    </>
  );
}

function Matrix({ title, note, items }: { title: string; note?: string; items: Permission[] }) {
  return (
    <Panel title={title} note={note}>
      <Table label={title} columns={["Permission", ...ROLES, "A token's scope"]}>
        {items.map(({ action, text, roles, scope }) => (
          <tr key={action}>
            <th scope="row" className={styles.permission}><code>{action}</code> <span className={styles.off}>{text}</span></th>
            {ROLES.map((role) => <td key={role}>{roles.includes(role) ? <span className={styles.good}>✓<span className="hidden"> yes</span></span> : <span className="muted">–<span className="hidden"> no</span></span>}</td>)}
            <td><code>{scope}</code></td>
          </tr>
        ))}
      </Table>
    </Panel>
  );
}
