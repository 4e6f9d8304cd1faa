import { useMutation } from "@tanstack/react-query";
import { changeSelf } from "@/api/account";
import { Field } from "@/components/Field";
import { readText } from "@/components/form";
import { Panel } from "@/components/Panel";
import { sayProblem } from "@/components/say-problem";
import { useToast } from "@/components/Toasts";
import styles from "./AccountPage.module.css";

export function NameForm({ name }: { name: string }) {
  const toast = useToast();
  const changing = useMutation({
    mutationFn: changeSelf,
    onSuccess: ({ user }) => { toast({ text: `Your name is ${user.name} now` }); },
  });
  return (
    <Panel title="Name" note="Your commits carry it.">
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          changing.mutate({ name: readText(event.currentTarget, "name").trim() });
        }}
      >
        <Field label="Full name" error={changing.error && sayProblem(changing.error)}>
          {(control) => <input {...control} name="name" defaultValue={name} required maxLength={100} autoComplete="name" />}
        </Field>
        <button disabled={changing.isPending}>Change name</button>
      </form>
    </Panel>
  );
}
