import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "react-router";
import { session } from "@/api/session";
import { tenantList } from "@/api/tenants";
import { userList } from "@/api/users";
import { Empty } from "@/components/Empty";
import { Panel } from "@/components/Panel";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Table } from "@/components/Table";
import { Time } from "@/components/Time";
import * as paths from "@/paths";
import { CreateTenant } from "./CreateTenant";
import { foundTenant } from "./found-tenant";
import { TenantReady } from "./TenantReady";

export function TenantsTab() {
  const { data, error, refetch } = useQuery(tenantList);
  const users = useQuery(userList).data?.items ?? [];
  const cache = useQueryClient();
  const founding = useMutation({
    mutationFn: foundTenant,
    onSettled: () => {
      for (const { queryKey } of [tenantList, userList, session]) void cache.invalidateQueries({ queryKey });
    },
  });
  if (founding.data) return <TenantReady founded={founding.data} onDone={() => { founding.reset(); }} />;
  const tenants = data?.items ?? [];
  const countMembers = (slug: string) => users.filter(({ roles }) => slug in roles).length;
  return (
    <Panel title="Tenants" note="A tenant is a repository, what runs of it, and the people who work on it.">
      <CreateTenant founding={founding} users={users} taken={tenants.map(({ slug }) => slug)} />
      {error && <ProblemPanel error={error} onRetry={() => void refetch()} />}
      {data && tenants.length === 0 && <Empty title="No tenants yet">Create your first tenant above.</Empty>}
      {tenants.length > 0 && (
        <Table label="Tenants" columns={["Name", "Members", "Made", "Id"]} hasActions>
          {tenants.map(({ id, slug, createdAt }) => (
            <tr key={id}>
              <th scope="row"><Link to={paths.services(slug)}>{slug}</Link></th>
              <td>{countMembers(slug)}</td>
              <td className="muted"><Time at={createdAt} /></td>
              <td className="muted"><code>{id}</code></td>
              <td><Link to={paths.settings(slug, "members")} aria-label={`Members of ${slug}`}>Members</Link></td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}
