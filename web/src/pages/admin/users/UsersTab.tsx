import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { SignInLink, User } from "@/api/schema";
import { session } from "@/api/session";
import { userList } from "@/api/users";
import { Panel } from "@/components/Panel";
import { ProblemPanel } from "@/components/ProblemPanel";
import { ShownOnce } from "@/components/ShownOnce";
import { Table } from "@/components/Table";
import { CreateUser } from "./CreateUser";
import { UserRow } from "./UserRow";

export interface MadeLink {
  user: User;
  link: SignInLink;
}

export function UsersTab() {
  const { data, error, refetch } = useQuery(userList);
  const own = useQuery(session).data?.user.id;
  const [made, setMade] = useState<MadeLink | null>(null);
  return (
    <Panel title="Users" note="People who can sign in. What they may do in a tenant is in its members.">
      <CreateUser onMade={setMade} />
      {made && (
        <ShownOnce
          title={`A sign-in link for ${made.user.email}`}
          note="It works once, for a day, and is shown only now. Whoever opens it chooses the password and is that user: send it to them alone."
          lines={[["the sign-in link", made.link.url]]}
          onDone={() => { setMade(null); }}
        />
      )}
      {error && <ProblemPanel error={error} onRetry={() => void refetch()} />}
      {data && (
        <Table label="Users" columns={["Name", "Email", "Tenants", "Operator", "State"]} hasActions>
          {data.items.map((user) => <UserRow key={user.id} user={user} isOwn={user.id === own} onLink={setMade} />)}
        </Table>
      )}
    </Panel>
  );
}
