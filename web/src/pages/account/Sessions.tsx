/** Where one is signed in, and an end to one session or to all others. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { OpenSession } from "@/api/schema";
import { endOtherSessions, endSession, sessionList } from "@/api/sessions";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { Panel } from "@/components/Panel";
import { ProblemPanel } from "@/components/ProblemPanel";
import { sayProblem } from "@/components/say-problem";
import { Table } from "@/components/Table";
import { Time } from "@/components/Time";
import { useToast } from "@/components/Toasts";
import styles from "./AccountPage.module.css";
import { sayAgent } from "./agent";

export function Sessions() {
  const { data, error, refetch } = useQuery(sessionList);
  const [asks, setAsks] = useState(false);
  const toast = useToast();
  const cache = useQueryClient();
  const done = (text: string) => {
    toast({ text });
    void cache.invalidateQueries({ queryKey: sessionList.queryKey });
  };
  const onError = (problem: Error) => { toast({ text: sayProblem(problem) }); };
  const ending = useMutation({
    mutationFn: ({ id }: OpenSession) => endSession(id),
    onSuccess: (_, { userAgent }) => { done(`Signed out ${sayAgent(userAgent)}`); },
    onError,
  });
  const endingOthers = useMutation({ mutationFn: endOtherSessions, onSuccess: () => { done("Signed out everywhere else"); }, onError });
  const others = data?.items.filter(({ current }) => !current).length ?? 0;
  return (
    <Panel title="Sessions" note="Where you are signed in. Tokens are no sessions: they are below.">
      {error && <ProblemPanel error={error} onRetry={() => void refetch()} />}
      {data && (
        <Table label="Sessions" columns={["Browser", "Signed in", "Last used"]} hasActions>
          {data.items.map((session) => (
            <SessionRow key={session.id} session={session} isBusy={ending.isPending} onEnd={() => { ending.mutate(session); }} />
          ))}
        </Table>
      )}
      {others > 0 && (
        <p className={styles.below}>
          <button className="danger" disabled={endingOthers.isPending} onClick={() => { setAsks(true); }}>Sign out everywhere else</button>
        </p>
      )}
      {asks && (
        <ConfirmDialog
          title="Sign out everywhere else?"
          text={`${others === 1 ? "One other session ends" : `${others} other sessions end`} within seconds. What is typed there and not yet committed stays in that browser.`}
          verb="Sign out"
          onCancel={() => { setAsks(false); }}
          onConfirm={() => { setAsks(false); endingOthers.mutate(); }}
        />
      )}
    </Panel>
  );
}

function SessionRow({ session, isBusy, onEnd }: { session: OpenSession; isBusy: boolean; onEnd: () => void }) {
  const { userAgent, createdAt, lastUsedAt, current } = session;
  const name = sayAgent(userAgent);
  return (
    <tr>
      <th scope="row" title={userAgent}>{name}{current && <span className="muted"> (this one)</span>}</th>
      <td className="muted"><Time at={createdAt} /></td>
      <td className="muted"><Time at={lastUsedAt} /></td>
      <td>{!current && <button className="quiet danger" disabled={isBusy} aria-label={`Sign out ${name}`} onClick={onEnd}>Sign out</button>}</td>
    </tr>
  );
}
