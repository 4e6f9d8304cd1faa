import { useQuery } from "@tanstack/react-query";
import type { CreatedPersonalToken } from "@/api/schema";
import { tenantDetail } from "@/api/tenants";
import { CopyLine, ShownOnce } from "../ShownOnce";

interface Props {
  token: CreatedPersonalToken;
  onDone: () => void;
}

export function NewTokenPanel({ token, onDone }: Props) {
  return (
    <ShownOnce
      title={`The token ${token.name} is made`}
      note="Copy it now: it is shown this once."
      lines={[["the token", token.token]]}
      onDone={onDone}
    >
      {token.tenant !== null && <Usage slug={token.tenant} />}
    </ShownOnce>
  );
}

/** With a user name in the address git asks for the password alone: the token, which no file and no history keeps. */
function Usage({ slug }: { slug: string }) {
  const url = useQuery(tenantDetail(slug)).data?.cloneUrl;
  if (url === undefined) return null;
  return (
    <>
      <p className="muted">For git it is the password, with any user name; for the command line it is read once:</p>
      <CopyLine label="the line for git" text={`git clone ${url.replace("://", "://token@")}`} />
      <CopyLine label="the line for paaks" text={`paaks login ${new URL(url).origin} --with-token && paaks clone ${slug}`} />
    </>
  );
}
