import { useQuery, type UseMutationResult } from "@tanstack/react-query";
import { SCOPES } from "@/api/tokens";
import type { CreatedPersonalToken, NewToken, Scope } from "@/api/schema";
import { session } from "@/api/session";
import { Field } from "../Field";
import { readText } from "../form";
import { sayProblem } from "../say-problem";
import styles from "./Tokens.module.css";

const A_DAY = 86_400; // seconds
const LIFETIMES = { "30 days": 30, "90 days": 90, "a year": 365, "until it is revoked": 0 };
const USUAL: Scope[] = ["read", "write", "invoke"];

interface Props {
  slug?: string;
  creating: UseMutationResult<CreatedPersonalToken, Error, NewToken>;
}

/** Without a slug one chooses the tenant; a token is for exactly one, or, an operator's, for the platform. */
export function CreateToken({ slug, creating }: Props) {
  const submit = (form: HTMLFormElement) => {
    const days = Number(readText(form, "days"));
    creating.mutate({
      name: readText(form, "name"),
      tenant: slug ?? (readText(form, "tenant") || null),
      scopes: new FormData(form).getAll("scope") as Scope[],
      ...(days > 0 && { expiresIn: days * A_DAY }),
    });
  };
  return (
    <form aria-label="New token" className={styles.create} onSubmit={(event) => { event.preventDefault(); submit(event.currentTarget); }}>
      <Field label="Name" error={creating.error ? sayProblem(creating.error) : false}>
        {(control) => <input {...control} name="name" required maxLength={100} placeholder="laptop" autoComplete="off" />}
      </Field>
      {slug === undefined && <TenantField />}
      <Field label="Good for">
        {(control) => (
          <select {...control} name="days" defaultValue={90}>
            {Object.entries(LIFETIMES).map(([label, days]) => <option key={label} value={days}>{label}</option>)}
          </select>
        )}
      </Field>
      <button className="primary" disabled={creating.isPending}>Create token</button>
      <fieldset className={styles.choices}>
        <legend>May</legend>
        {Object.entries(SCOPES).map(([scope, text]) => (
          <label key={scope}>
            <input type="checkbox" name="scope" value={scope} defaultChecked={USUAL.includes(scope as Scope)} />
            <span><code>{scope}</code> <span className="muted">{text}</span></span>
          </label>
        ))}
      </fieldset>
    </form>
  );
}

function TenantField() {
  const { data } = useQuery(session);
  return (
    <Field label="For">
      {(control) => (
        <select {...control} name="tenant">
          {data?.tenants.map(({ slug }) => <option key={slug} value={slug}>{slug}</option>)}
          {data?.user.operator && <option value="">the platform</option>}
        </select>
      )}
    </Field>
  );
}
