import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { createSignInLink, createUser, userList } from "@/api/users";
import type { UserDraft } from "@/api/schema";
import { useAction } from "@/components/actions/registry";
import { Field } from "@/components/Field";
import { readText } from "@/components/form";
import { sayProblem, sayProblemOf } from "@/components/say-problem";
import styles from "../AdminPage.module.css";
import type { MadeLink } from "./UsersTab";

/** The password that the server makes is never shown: the new user chooses one. */
async function invite(draft: UserDraft): Promise<MadeLink> {
  const user = await createUser(draft);
  return { user, link: await createSignInLink(user.id) };
}

export function CreateUser({ onMade }: { onMade: (made: MadeLink) => void }) {
  const form = useRef<HTMLFormElement>(null);
  const cache = useQueryClient();
  const inviting = useMutation({
    mutationFn: invite,
    onSuccess: (made) => { form.current?.reset(); onMade(made); },
    onSettled: () => cache.invalidateQueries({ queryKey: userList.queryKey }),
  });
  useAction({ name: "Create user", keys: "c", run: () => { form.current?.querySelector("input")?.focus(); } });
  const submit = (from: HTMLFormElement) => {
    const isOperator = new FormData(from).has("operator");
    inviting.mutate({ email: readText(from, "email").trim(), name: readText(from, "name").trim(), operator: isOperator });
  };
  const ofName = sayProblemOf(inviting.error, "name");
  return (
    <form ref={form} aria-label="New user" className={styles.create} onSubmit={(event) => { event.preventDefault(); submit(event.currentTarget); }}>
      <Field label="Email address" error={inviting.error && !ofName && sayProblem(inviting.error)}>
        {(control) => <input {...control} name="email" type="email" required autoComplete="off" />}
      </Field>
      <Field label="Full name" error={ofName}>
        {(control) => <input {...control} name="name" required maxLength={100} autoComplete="off" />}
      </Field>
      <label className={styles.check}><input type="checkbox" name="operator" /> Operator</label>
      <button className="primary" disabled={inviting.isPending}>Create user</button>
    </form>
  );
}
