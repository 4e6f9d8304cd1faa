import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ROLES, addMember, memberList, removeMember, setRole } from "@/api/members";
import type { Member, Role } from "@/api/schema";
import { session } from "@/api/session";
import { sayProblem } from "@/components/say-problem";
import { useToast } from "@/components/Toasts";

interface Props {
  slug: string;
  member: Member;
  isOwn: boolean;
  mayManage: boolean;
}

export function MemberRow({ slug, member, isOwn, mayManage }: Props) {
  const { give, remove } = useMembership(slug, member, isOwn);
  return (
    <tr>
      <th scope="row">{member.name}{isOwn && <span className="muted"> (you)</span>}</th>
      <td>{member.email}</td>
      <td>
        {mayManage ? (
          <select
            aria-label={`Role of ${member.email}`}
            value={give.isPending ? give.variables : member.role}
            disabled={give.isPending}
            onChange={(event) => { give.mutate(event.target.value as Role); }}
          >
            {ROLES.map((role) => <option key={role}>{role}</option>)}
          </select>
        ) : (
          member.role
        )}
      </td>
      {mayManage && (
        <td>
          <button className="quiet danger" aria-label={`Remove ${member.email}`} disabled={remove.isPending} onClick={() => { remove.mutate(); }}>
            Remove
          </button>
        </td>
      )}
    </tr>
  );
}

/** Both are undone as easily as they are done, so neither asks first. */
function useMembership(slug: string, member: Member, isOwn: boolean) {
  const cache = useQueryClient();
  const toast = useToast();
  const settle = async () => {
    await cache.invalidateQueries({ queryKey: memberList(slug).queryKey });
    if (isOwn) await cache.invalidateQueries({ queryKey: session.queryKey });
  };
  const onError = (error: Error) => { toast({ text: sayProblem(error) }); };
  const give = useMutation({
    mutationFn: (role: Role) => setRole(slug, member.id, role),
    onSuccess: async (_, role) => {
      const back = () => { give.mutate(member.role); };
      toast({ text: `${member.email} is ${role} now`, ...(isOwn ? {} : { action: { label: "Undo", run: back } }) });
      await settle();
    },
    onError,
  });
  const restore = useMutation({ mutationFn: () => addMember(slug, { email: member.email, role: member.role }), onSuccess: settle, onError });
  const remove = useMutation({
    mutationFn: () => removeMember(slug, member.id),
    onSuccess: async () => {
      const back = () => { restore.mutate(); };
      toast({ text: `${member.email} is out of ${slug}`, ...(isOwn ? {} : { action: { label: "Undo", run: back } }) });
      await settle();
    },
    onError,
  });
  return { give, remove };
}
