/** What is one's own: name, password, tokens, and how these pages behave in this browser. */
import { useQuery } from "@tanstack/react-query";
import { session } from "@/api/session";
import { Panel } from "@/components/Panel";
import { Title } from "@/components/Title";
import { Tokens } from "@/components/tokens/Tokens";
import styles from "./AccountPage.module.css";
import { NameForm } from "./NameForm";
import { PasswordForm } from "./PasswordForm";
import { Preferences } from "./Preferences";
import { Sessions } from "./Sessions";

export function Component() {
  const { data } = useQuery(session);
  if (data === undefined) return null;
  const roles = data.tenants.filter(({ role }) => role !== null).map(({ slug, role }) => `${role ?? ""} in ${slug}`);
  const standing = [...(data.user.operator ? ["operator"] : []), ...roles];
  return (
    <div className={styles.page}>
      <Title>Account</Title>
      <header>
        <h1>Account</h1>
        <p className="muted">{data.user.email}{standing.length > 0 && ` · ${standing.join(", ")}`}</p>
      </header>
      <NameForm key={data.user.name} name={data.user.name} />
      <PasswordForm email={data.user.email} />
      <Preferences />
      <Sessions />
      <Panel title="Personal tokens" note="Each acts as you: as a password for git, and for the HTTP API and the command line.">
        <Tokens />
      </Panel>
    </div>
  );
}
