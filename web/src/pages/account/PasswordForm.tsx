import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { changeSelf } from "@/api/account";
import { Field } from "@/components/Field";
import { readText } from "@/components/form";
import { Panel } from "@/components/Panel";
import { sayProblem, sayProblemOf } from "@/components/say-problem";
import { useToast } from "@/components/Toasts";
import styles from "./AccountPage.module.css";

const SHORTEST = 10; // characters, as api/passwords.py has it

/** The address is in the form, unseen, so that a password manager knows whose password this is. */
export function PasswordForm({ email }: { email: string }) {
  const form = useRef<HTMLFormElement>(null);
  const toast = useToast();
  const changing = useMutation({
    mutationFn: changeSelf,
    onSuccess: () => {
      form.current?.reset();
      toast({ text: "Your password is changed, and every other session has ended" });
    },
  });
  const submit = (from: HTMLFormElement) => {
    changing.mutate({ currentPassword: readText(from, "current"), password: readText(from, "new") });
  };
  const ofCurrent = sayProblemOf(changing.error, "currentPassword");
  return (
    <Panel title="Password" note="A new one signs you out everywhere else. Tokens stay as they are.">
      <form ref={form} className={styles.form} onSubmit={(event) => { event.preventDefault(); submit(event.currentTarget); }}>
        <input type="hidden" name="email" value={email} autoComplete="username" />
        <Field label="Current password" error={ofCurrent}>
          {(control) => <input {...control} name="current" type="password" required autoComplete="current-password" />}
        </Field>
        <Field label="New password" hint={`At least ${SHORTEST} characters.`} error={changing.error && !ofCurrent && sayProblem(changing.error)}>
          {(control) => <input {...control} name="new" type="password" required minLength={SHORTEST} autoComplete="new-password" />}
        </Field>
        <button disabled={changing.isPending}>Change password</button>
      </form>
    </Panel>
  );
}
