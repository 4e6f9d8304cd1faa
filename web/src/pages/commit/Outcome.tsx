/** What became of a commit in one service: its state, how long each stage took, why it failed, and the way back to it. */
import { Link } from "react-router";
import type { PastRelease, Service, Stage } from "@/api/schema";
import { useAction } from "@/components/actions/registry";
import { CopyAs } from "@/components/copy-as/CopyAs";
import { rollBackCommands } from "@/components/copy-as/commands";
import { judgeRelease, wasLive } from "@/components/history/deploy-state";
import { DeployMark } from "@/components/history/DeployMark";
import { Traceback } from "@/components/history/Traceback";
import { useRollBack } from "@/components/history/use-roll-back";
import { sayDuration } from "@/components/Time";
import { useRights } from "@/components/use-rights";
import * as paths from "@/paths";
import styles from "./CommitPage.module.css";

const STAGES: Stage[] = ["commit", "check", "apply", "start", "live"];

interface Props {
  slug: string;
  release: PastRelease;
  /** As it is now; undefined where it is gone. */
  service: Service | undefined;
}

export function Outcome({ slug, release, service }: Props) {
  const state = judgeRelease(release, service);
  const isTip = service?.commit === release.commit;
  const reached = STAGES.flatMap((stage) => (release.stages[stage] ? [{ stage, ms: release.stages[stage].ms }] : []));
  return (
    <article aria-label={release.service} className={styles.outcome}>
      <header>
        <h2><Link to={paths.service(slug, release.service)}>{release.service}</Link></h2>
        <DeployMark state={state} />
        <span className="muted">by {release.actor} via {release.via}</span>
        {release.liveMs !== null && <span className="muted">live in {sayDuration(release.liveMs)}</span>}
        {!isTip && wasLive(release) && <RollBackTo slug={slug} release={release} service={service} />}
      </header>
      {reached.length > 0 && (
        <ol className={styles.stages}>
          {reached.map(({ stage, ms }) => <li key={stage}>{stage} <span className="muted">{sayDuration(ms)}</span></li>)}
        </ol>
      )}
      {release.supersededBy && state.kind === "superseded" && (
        <p className="muted">
          overtaken by <Link to={paths.commit(slug, release.supersededBy)}><code>{release.supersededBy.slice(0, 7)}</code></Link>
        </p>
      )}
      {state.kind === "failed" && <Traceback slug={slug} release={release} isTip={isTip} />}
    </article>
  );
}

function RollBackTo({ slug, release, service }: Props) {
  const back = useRollBack(slug);
  const run = () => { back.mutate({ service: release.service, to: release.commit, from: service?.commit }); };
  const mayCommit = useRights(slug).mayCommit;
  const where = { service: release.service, directory: service?.path ?? release.service, to: release.commit };
  const commands = rollBackCommands(slug, where);
  useAction({ name: `Roll back ${release.service} to this`, keys: "Shift+r", commands, run, isOff: !mayCommit || back.isPending });
  if (!mayCommit) return null;
  return (
    <span className={styles.back}>
      <button disabled={back.isPending} title="⇧R" onClick={run}>Roll back to this</button>
      <CopyAs commands={commands} />
    </span>
  );
}
