import { useMutation, useQueryClient } from "@tanstack/react-query";
import { changeUser, createSignInLink, userList } from "@/api/users";
import type { User, UserPatch } from "@/api/schema";
import { sayProblem } from "@/components/say-problem";
import { useToast } from "@/components/Toasts";
import styles from "../AdminPage.module.css";
import type { MadeLink } from "./UsersTab";

interface Props {
  user: User;
  isOwn: boolean;
  onLink: (made: MadeLink) => void;
}

export function UserRow({ user, isOwn, onLink }: Props) {
  const toast = useToast();
  const onError = (error: Error) => { toast({ text: sayProblem(error) }); };
  const change = useChange(user);
  const reset = useMutation({ mutationFn: () => createSignInLink(user.id), onSuccess: (link) => { onLink({ user, link }); }, onError });
  const roles = Object.entries(user.roles).map(([slug, role]) => `${slug} (${role})`);
  return (
    <tr className={user.disabled ? styles.off : undefined}>
      <th scope="row">{user.name}{isOwn && <span className="muted"> (you)</span>}</th>
      <td>{user.email}</td>
      <td className="muted">{roles.join(", ") || "none"}</td>
      <td>
        <input
          type="checkbox"
          aria-label={`${user.email} is an operator`}
          checked={(change.isPending ? change.variables.operator : null) ?? user.operator}
          disabled={isOwn || change.isPending}
          onChange={() => { change.mutate({ operator: !user.operator }); }}
        />
      </td>
      <td>{user.disabled ? <span className={styles.badge}>disabled</span> : "active"}</td>
      <td>
        <button className="quiet" aria-label={`Reset password of ${user.email}`} disabled={user.disabled || reset.isPending} onClick={() => { reset.mutate(); }}>
          Reset password
        </button>
        <button
          className={user.disabled ? "quiet" : "quiet danger"}
          aria-label={`${user.disabled ? "Enable" : "Disable"} ${user.email}`}
          disabled={isOwn || change.isPending}
          onClick={() => { change.mutate({ disabled: !user.disabled }); }}
        >
          {user.disabled ? "Enable" : "Disable"}
        </button>
      </td>
    </tr>
  );
}

/** Each change can be taken back at once, so none asks first; taking something away ends the user's sessions. */
function useChange(user: User) {
  const cache = useQueryClient();
  const toast = useToast();
  const change = useMutation({
    mutationFn: (wanted: UserPatch) => changeUser(user.id, wanted),
    onSuccess: (now) => {
      const back = { operator: user.operator, disabled: user.disabled };
      toast({ text: `${now.email}: ${describe(now)}`, action: { label: "Undo", run: () => { change.mutate(back); } } });
    },
    onError: (error) => { toast({ text: sayProblem(error) }); },
    onSettled: () => cache.invalidateQueries({ queryKey: userList.queryKey }),
  });
  return change;
}

function describe(user: User): string {
  return `${user.disabled ? "disabled" : "active"}, ${user.operator ? "operator" : "no operator"}`;
}
