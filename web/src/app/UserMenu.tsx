import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { signOut } from "@/api/session";
import type { CurrentSession } from "@/api/schema";
import * as paths from "@/paths";

export function UserMenu({ session }: { session: CurrentSession }) {
  const navigate = useNavigate();
  const leave = useMutation({ mutationFn: signOut, onSuccess: () => navigate(paths.login()) });
  return (
    <>
      <span className="muted" title={session.user.email}>{session.user.name}</span>
      <button className="quiet" onClick={() => { leave.mutate(); }}>Logout</button>
    </>
  );
}
