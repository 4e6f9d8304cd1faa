import type { UseMutationResult } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { User } from "@/api/schema";
import { useAction } from "@/components/actions/registry";
import { Field } from "@/components/Field";
import { NAME, NAME_RULE } from "@/components/name-rule";
import { sayProblem } from "@/components/say-problem";
import styles from "../AdminPage.module.css";
import type { Foundation, Founded } from "./found-tenant";

interface Props {
  founding: UseMutationResult<Founded, Error, Foundation>;
  users: User[];
  taken: string[];
}

export function CreateTenant({ founding, users, taken }: Props) {
  const first = useRef<HTMLInputElement>(null);
  const [slug, setSlug] = useState("");
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const owner = users.find((user) => user.email.toLowerCase() === email.trim().toLowerCase());
  const isNew = email.includes("@") && owner === undefined;
  const wrong = judge(slug, taken);
  useAction({ name: "Create tenant", keys: "c", run: () => first.current?.focus() });
  return (
    <form
      aria-label="New tenant"
      className={styles.create}
      onSubmit={(event) => {
        event.preventDefault();
        if (!wrong) founding.mutate({ slug, email: email.trim(), owner, name: name.trim() });
      }}
    >
      <Field label="Name" error={wrong} hint="It never changes.">
        {(control) => <input {...control} ref={first} required value={slug} onChange={(event) => { setSlug(event.target.value); }} autoComplete="off" spellCheck={false} placeholder="acme" />}
      </Field>
      <Field label="Owner's email address" hint={owner ? `${owner.name} becomes its admin.` : "Who becomes its admin."}>
        {(control) => <input {...control} type="email" required value={email} onChange={(event) => { setEmail(event.target.value); }} autoComplete="off" list="known-users" />}
      </Field>
      {isNew && (
        <Field label="Owner's full name" hint="A new user: their commits carry it.">
          {(control) => <input {...control} required maxLength={100} value={name} onChange={(event) => { setName(event.target.value); }} autoComplete="off" />}
        </Field>
      )}
      <datalist id="known-users">{users.map((user) => <option key={user.id} value={user.email}>{user.name}</option>)}</datalist>
      <button className="primary" disabled={founding.isPending}>{founding.isPending ? "Creating…" : "Create tenant"}</button>
      <p role="alert" className={styles.error}>{founding.error && sayProblem(founding.error)}</p>
    </form>
  );
}

function judge(slug: string, taken: string[]): string | false {
  if (slug === "") return false;
  if (taken.includes(slug)) return `There is already a tenant ${slug}.`;
  return !NAME.test(slug) && NAME_RULE;
}
