import { useMutation } from "@tanstack/react-query";
import { signIn } from "@/api/session";
import { Field } from "@/components/Field";
import { readText } from "@/components/form";
import { sayProblem } from "@/components/say-problem";
import styles from "@/components/SignInCard.module.css";

const SHORTEST = 10; // characters, as api/passwords.py has it

/** The link proves who one is, once; after that, this password does. */
export function ChoosePassword({ code, onSignedIn }: { code: string; onSignedIn: () => void }) {
  const opening = useMutation({ mutationFn: signIn, onSuccess: onSignedIn });
  return (
    <form
      className={styles.card}
      onSubmit={(event) => {
        event.preventDefault();
        opening.mutate({ code, password: readText(event.currentTarget, "password") });
      }}
    >
      <img src="/favicon.svg" alt="" width="36" height="36" />
      <h1>Welcome to PaaKS</h1>
      <p className="muted">Choose the password with which you log in from now on. This link works once.</p>
      <Field label="New password" hint={`At least ${SHORTEST} characters.`} error={opening.error && sayProblem(opening.error)}>
        {(control) => <input {...control} name="password" type="password" required minLength={SHORTEST} autoComplete="new-password" autoFocus />}
      </Field>
      <button className="primary" disabled={opening.isPending}>Choose it and sign in</button>
    </form>
  );
}
