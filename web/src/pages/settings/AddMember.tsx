import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { ROLES, addMember, memberList } from "@/api/members";
import type { Role } from "@/api/schema";
import { useAction } from "@/components/actions/registry";
import { Field } from "@/components/Field";
import { readText } from "@/components/form";
import { sayProblem } from "@/components/say-problem";
import { useToast } from "@/components/Toasts";
import styles from "./SettingsPage.module.css";

export function AddMember({ slug }: { slug: string }) {
  const form = useRef<HTMLFormElement>(null);
  const cache = useQueryClient();
  const toast = useToast();
  const adding = useMutation({
    mutationFn: (member: { email: string; role: Role }) => addMember(slug, member),
    onSuccess: ({ email, role }) => {
      form.current?.reset();
      toast({ text: `${email} is ${role} of ${slug} now` });
      void cache.invalidateQueries({ queryKey: memberList(slug).queryKey });
    },
  });
  useAction({ name: "Add member", keys: "c", run: () => { form.current?.querySelector("input")?.focus(); } });
  const submit = (from: HTMLFormElement) => {
    adding.mutate({ email: readText(from, "email").trim(), role: readText(from, "role") as Role });
  };
  return (
    <form ref={form} aria-label="Add a member" className={styles.add} onSubmit={(event) => { event.preventDefault(); submit(event.currentTarget); }}>
      <Field label="Email address" error={adding.error ? sayProblem(adding.error) : false}>
        {(control) => <input {...control} name="email" type="email" required autoComplete="off" />}
      </Field>
      <Field label="Role">
        {(control) => <select {...control} name="role">{ROLES.map((role) => <option key={role}>{role}</option>)}</select>}
      </Field>
      <button className="primary" disabled={adding.isPending}>Add member</button>
    </form>
  );
}
