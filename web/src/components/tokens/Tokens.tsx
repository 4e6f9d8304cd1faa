/** One's own personal access tokens: of one tenant if it is named, else all of them. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { createToken, revokeToken, tokenList } from "@/api/tokens";
import type { PersonalToken } from "@/api/schema";
import { ConfirmDialog } from "../ConfirmDialog";
import { Empty } from "../Empty";
import { ProblemPanel } from "../ProblemPanel";
import { sayProblem } from "../say-problem";
import { useToast } from "../Toasts";
import { CreateToken } from "./CreateToken";
import { NewTokenPanel } from "./NewTokenPanel";
import { TokenTable } from "./TokenTable";
import styles from "./Tokens.module.css";

export function Tokens({ slug }: { slug?: string }) {
  const { data, error, refetch } = useQuery(tokenList);
  const [doomed, setDoomed] = useState<PersonalToken | null>(null);
  const toast = useToast();
  const cache = useQueryClient();
  const readAgain = () => void cache.invalidateQueries({ queryKey: tokenList.queryKey });
  const creating = useMutation({ mutationFn: createToken, onSuccess: readAgain });
  const revoking = useMutation({
    mutationFn: (token: PersonalToken) => revokeToken(token.id),
    onSuccess: (_, { name }) => { toast({ text: `Revoked ${name}` }); readAgain(); },
    onError: (problem) => { toast({ text: sayProblem(problem) }); },
  });
  const shown = data?.items.filter((token) => slug === undefined || token.tenant === slug) ?? [];
  return (
    <div className={styles.tokens}>
      {creating.data ? (
        <NewTokenPanel token={creating.data} onDone={() => { creating.reset(); }} />
      ) : (
        <CreateToken {...(slug === undefined ? {} : { slug })} creating={creating} />
      )}
      {error && <ProblemPanel error={error} onRetry={() => void refetch()} />}
      {data && shown.length === 0 && <Empty title="No tokens yet">One lets git, a script or another machine in as you.</Empty>}
      {shown.length > 0 && <TokenTable tokens={shown} hasTenants={slug === undefined} onRevoke={setDoomed} />}
      {doomed && (
        <ConfirmDialog
          title={`Revoke ${doomed.name}?`}
          text="Whatever uses it is refused within seconds. It cannot be taken back; a new token can be made."
          verb="Revoke"
          onCancel={() => { setDoomed(null); }}
          onConfirm={() => { setDoomed(null); revoking.mutate(doomed); }}
        />
      )}
    </div>
  );
}
