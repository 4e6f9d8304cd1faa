import { Link } from "react-router";
import type { PastCommit, Service } from "@/api/schema";
import * as paths from "@/paths";
import { Copy } from "../Copy";
import { Time, sayDuration } from "../Time";
import { judgeRelease, wasLive } from "./deploy-state";
import { DeployMark } from "./DeployMark";
import styles from "./HistoryList.module.css";
import { useNewest } from "./use-newest";
import type { Step } from "./use-roll-back";

export interface RowProps {
  slug: string;
  /** The services as they are now, by name. */
  services: ReadonlyMap<string, Service>;
  /** Where a row leads to; the commit's page where it is not said. */
  linkTo?: ((commit: PastCommit) => string) | undefined;
  isChosen: (sha: string) => boolean;
  onChoose: (sha: string) => void;
  /** Undefined where one may not. */
  onRollBack?: ((step: Step) => void) | undefined;
}

/** One commit: what it says, whose it is, what became of it, and the way back to it. */
export function CommitRow({ commit, ...props }: RowProps & { commit: PastCommit }) {
  const { slug, services, linkTo, isChosen, onChoose, onRollBack } = props;
  const releases = useNewest(slug, commit.releases);
  const short = commit.sha.slice(0, 7);
  const targets = releases.filter((release) => wasLive(release) && services.get(release.service)?.commit !== commit.sha);
  const liveMs = releases.find((release) => release.liveMs !== null && release.state !== "removed")?.liveMs;
  return (
    <div className={styles.row}>
      <input type="checkbox" aria-label={`Compare ${short}`} checked={isChosen(commit.sha)} onChange={() => { onChoose(commit.sha); }} />
      <div className={styles.what}>
        <Link data-row={commit.sha} className={styles.subject} to={linkTo?.(commit) ?? paths.commit(slug, commit.sha)}>
          {commit.subject || "(no message)"}
        </Link>
        <p className={styles.facts}>
          {releases.length === 0 && <DeployMark state={null} />}
          {releases.map((release) => (
            <DeployMark
              key={release.id}
              state={judgeRelease(release, services.get(release.service))}
              service={releases.length > 1 ? release.service : undefined}
            />
          ))}
          <span>
            {commit.author.name}
            {releases[0] && ` via ${releases[0].via}`}, <Time at={commit.at} />
          </span>
          {releases.length < 2 && commit.services.length > 0 && <span>{commit.services.join(", ")}</span>}
          {liveMs != null && <span>live in {sayDuration(liveMs)}</span>}
        </p>
      </div>
      {onRollBack && targets.map(({ service }) => (
        <button key={service} onClick={() => { onRollBack({ service, to: commit.sha, from: services.get(service)?.commit }); }}>
          Roll back {targets.length > 1 && `${service} `}to this<span className="hidden"> {short}</span>
        </button>
      ))}
      <span className={styles.sha}>
        <code>{short}</code>
        <Copy text={commit.sha} label={`the id of ${short}`} />
      </span>
    </div>
  );
}
