/** Address and password, on a page of its own or in a dialog when a session has ended. */
import { useMutation } from "@tanstack/react-query";
import { useId, useRef } from "react";
import { ApiProblem, explain } from "@/api/problems";
import { signIn } from "@/api/session";
import { readText } from "./form";
import styles from "./SignInForm.module.css";

interface Props {
  title: string;
  note?: string;
  onSignedIn?: () => void;
}

export function SignInForm({ title, note, onSignedIn }: Props) {
  const password = useRef<HTMLInputElement>(null);
  const errorId = useId();
  const opening = useMutation({
    mutationFn: signIn,
    onSuccess: () => onSignedIn?.(),
    onError: () => password.current?.focus(),
  });
  const submit = (form: HTMLFormElement) => {
    opening.mutate({ email: readText(form, "email"), password: readText(form, "password") });
  };
  return (
    <form
      className={styles.form}
      // Not as its action: that would empty the fields, also when they were wrong.
      onSubmit={(event) => { event.preventDefault(); submit(event.currentTarget); }}
    >
      <img src="/favicon.svg" alt="" width="36" height="36" />
      <h1>{title}</h1>
      {note && <p className="muted">{note}</p>}
      <label>
        Email address
        <input name="email" type="email" autoComplete="username" required autoFocus />
      </label>
      <label>
        Password
        <input
          ref={password}
          name="password"
          type="password"
          autoComplete="current-password"
          required
          aria-describedby={errorId}
        />
      </label>
      <p id={errorId} role="alert" className={styles.error}>{opening.error && say(opening.error)}</p>
      <button className="primary" disabled={opening.isPending}>{opening.isPending ? "Logging in…" : "Login"}</button>
    </form>
  );
}

function say(error: Error): string {
  if (error instanceof ApiProblem && error.status === 401) return "Email or password is wrong";
  const { title, detail } = explain(error);
  return detail ?? title;
}
