import { useQuery } from "@tanstack/react-query";
import { memberList } from "@/api/members";
import { session } from "@/api/session";
import { Panel } from "@/components/Panel";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Table } from "@/components/Table";
import { useRights } from "@/components/use-rights";
import { AddMember } from "./AddMember";
import { MemberRow } from "./MemberRow";

/** An admin changes them; everybody else sees who is here, and whom to ask. */
export function MembersTab({ slug }: { slug: string }) {
  const { data, error, refetch } = useQuery(memberList(slug));
  const own = useQuery(session).data?.user.id;
  const { mayManage } = useRights(slug);
  const members = data?.items ?? [];
  const admins = members.filter(({ role }) => role === "admin").map(({ email }) => email);
  const note = mayManage
    ? "A viewer reads and calls, a developer also commits and rolls back, an admin also changes this list."
    : `Only an admin changes this list${admins.length > 0 ? `: ${admins.join(", ")}` : ""}.`;
  return (
    <Panel title="Members" note={note}>
      {mayManage && <AddMember slug={slug} />}
      {error && <ProblemPanel error={error} onRetry={() => void refetch()} />}
      {members.length > 0 && (
        <Table label="Members" columns={["Name", "Email", "Role"]} hasActions={mayManage}>
          {members.map((member) => (
            <MemberRow key={member.id} slug={slug} member={member} isOwn={member.id === own} mayManage={mayManage} />
          ))}
        </Table>
      )}
    </Panel>
  );
}
