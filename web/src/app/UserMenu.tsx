import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";
import { signOut } from "@/api/session";
import type { CurrentSession } from "@/api/schema";
import { useAction } from "@/components/actions/registry";
import * as paths from "@/paths";
import styles from "./Shell.module.css";

export function UserMenu({ session }: { session: CurrentSession }) {
  const navigate = useNavigate();
  const leave = useMutation({ mutationFn: signOut, onSuccess: () => navigate(paths.login()) });
  useAction({ name: "Go to Admin", keys: "g a", run: () => void navigate(paths.admin()), isOff: !session.user.operator });
  useAction({ name: "Go to Account", keys: "g u", run: () => void navigate(paths.patterns.account) });
  useAction({ name: "Log out", run: leave.mutate });
  return (
    <>
      {session.user.operator && <Link to={paths.admin()} className={styles.link}>Admin</Link>}
      <Link to={paths.patterns.account} className={styles.link} title={`Account: ${session.user.email}`}>{session.user.name}</Link>
      <button className="quiet" onClick={() => { leave.mutate(); }}>Logout</button>
    </>
  );
}
