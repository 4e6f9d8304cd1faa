import type { PersonalToken } from "@/api/schema";
import { Table } from "../Table";
import { Time } from "../Time";
import styles from "./Tokens.module.css";

interface Props {
  tokens: PersonalToken[];
  hasTenants: boolean;
  onRevoke: (token: PersonalToken) => void;
}

export function TokenTable({ tokens, hasTenants, onRevoke }: Props) {
  const columns = ["Name", ...(hasTenants ? ["For"] : []), "Scopes", "Made", "Ends", "Last used"];
  return (
    <Table label="Tokens" columns={columns} hasActions>
      {tokens.map((token) => (
        <tr key={token.id}>
          <th scope="row">{token.name}</th>
          {hasTenants && <td>{token.tenant ?? "the platform"}</td>}
          <td className={styles.scopes}>{token.scopes.map((scope) => <code key={scope}>{scope}</code>)}</td>
          <td className="muted"><Time at={token.createdAt} /></td>
          <td className="muted">{token.expiresAt === null ? "never" : <time dateTime={token.expiresAt}>{sayDay(token.expiresAt)}</time>}</td>
          <td className="muted">{token.lastUsedAt === null ? "not yet" : <Time at={token.lastUsedAt} />}</td>
          <td>
            <button className="quiet danger" aria-label={`Revoke ${token.name}`} onClick={() => { onRevoke(token); }}>
              Revoke
            </button>
          </td>
        </tr>
      ))}
    </Table>
  );
}

function sayDay(at: string): string {
  return new Date(at).toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" });
}
