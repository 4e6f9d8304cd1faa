/** Address and password, on a page of its own or in a dialog when a session has ended. */
import { useMutation } from "@tanstack/react-query";
import { useId, useRef, useState, useSyncExternalStore } from "react";
import { ApiProblem, explain } from "@/api/problems";
import { signIn } from "@/api/session";
import { readText } from "./form";
import styles from "./SignInForm.module.css";

const STARTING = 503;
const MOST_TRIES = 60;
const PAUSE = 1_000; // milliseconds

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
    // The pages may be there before everything else is.
    retry: (count, error) => error instanceof ApiProblem && error.status === STARTING && count < MOST_TRIES,
    retryDelay: PAUSE,
    onSuccess: () => onSignedIn?.(),
    onError: () => password.current?.focus(),
  });
  const [isShown, setShown] = useState(false);
  const delay = opening.error instanceof ApiProblem ? opening.error.retryAfter : null;
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
          type={isShown ? "text" : "password"}
          autoComplete="current-password"
          required
          aria-describedby={errorId}
        />
      </label>
      <label className={styles.show}>
        <input type="checkbox" checked={isShown} onChange={(event) => { setShown(event.target.checked); }} /> Show it
      </label>
      <p id={errorId} role="alert" className={styles.error}>
        {opening.error && say(opening.error)}
        {opening.isPending && opening.failureCount > 0 && "PaaKS is starting: it is tried again by itself."}
      </p>
      {delay !== null && <Countdown until={opening.submittedAt + delay * 1_000} />}
      <button className="primary" disabled={opening.isPending}>{opening.isPending ? "Logging in…" : "Login"}</button>
    </form>
  );
}

/** Silent for screen readers: it changes each second, and the words above say why one waits. */
function Countdown({ until }: { until: number }) {
  const now = useSyncExternalStore(subscribe, () => Math.floor(Date.now() / 1_000));
  const left = Math.ceil(until / 1_000) - now;
  return <p className="muted" aria-hidden="true">{left > 0 ? `Try again in ${left} s` : "Try again now"}</p>;
}

function subscribe(tell: () => void): () => void {
  const timer = setInterval(tell, 1_000);
  return () => {
    clearInterval(timer);
  };
}

function say(error: Error): string {
  if (error instanceof ApiProblem && error.status === 401) return "Email or password is wrong";
  const { title, detail } = explain(error);
  return detail ?? title;
}
