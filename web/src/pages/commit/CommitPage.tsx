/** One commit: what it says, what became of it in each service, and what it changed. */
import { noop, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { commitDetail } from "@/api/history";
import { queryClient } from "@/api/query-client";
import type { PastCommit } from "@/api/schema";
import { serviceList } from "@/api/services";
import { Copy } from "@/components/Copy";
import { CopyAs } from "@/components/copy-as/CopyAs";
import { compareCommands } from "@/components/copy-as/commands";
import { Comparison } from "@/components/diff/Comparison";
import { useNewest } from "@/components/history/use-newest";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Time } from "@/components/Time";
import { Title } from "@/components/Title";
import { useRights } from "@/components/use-rights";
import * as paths from "@/paths";
import styles from "./CommitPage.module.css";
import { Outcome } from "./Outcome";
import { RevertCommit } from "./RevertCommit";

export function loader({ params: { slug = "", sha = "" } }: { params: { slug?: string; sha?: string } }) {
  void queryClient.query(commitDetail(slug, sha)).catch(noop);
  return null;
}

export function Component() {
  const { slug = "", sha = "" } = useParams();
  const { data, error, refetch } = useQuery(commitDetail(slug, sha));
  if (data !== undefined) return <Page key={data.sha} slug={slug} commit={data} />;
  return error && <ProblemPanel error={error} onRetry={() => void refetch()} />;
}

function Page({ slug, commit }: { slug: string; commit: PastCommit }) {
  const { sha, subject, message, author, at, parents } = commit;
  const [parent] = parents;
  const services = useQuery(serviceList(slug)).data?.items ?? [];
  const releases = useNewest(slug, commit.releases);
  const body = message.slice(message.indexOf("\n") + 1).trim();
  const mayCommit = useRights(slug).mayCommit;
  const split = (path: string) => {
    const service = services.find((known) => known.path === "" || path.startsWith(`${known.path}/`));
    return service && { name: service.name, file: service.path === "" ? path : path.slice(service.path.length + 1) };
  };
  const findFile = (path: string) => {
    const found = split(path);
    return found && paths.file(slug, found.name, found.file, { ref: sha });
  };
  const editAt = (path: string) => {
    const found = split(path);
    return found && paths.service(slug, found.name, found.file);
  };
  return (
    <div className={styles.page}>
      <Title>{`${subject} · ${sha.slice(0, 7)}`}</Title>
      <header className={styles.head}>
        <div>
          <p className="muted"><Link to={paths.history(slug)}>History</Link> /</p>
          <h1>{subject || "(no message)"}</h1>
        </div>
        <div className={styles.actions}>
          {mayCommit && parent !== undefined && <RevertCommit slug={slug} sha={sha} editAt={editAt} />}
          <CopyAs commands={compareCommands(slug, parent, sha)} />
        </div>
      </header>
      {body && message.includes("\n") && <pre className={styles.message}>{body}</pre>}
      <p className={styles.facts}>
        <span title={author.email}>{author.name}</span>
        <Time at={at} />
        <span>commit <code>{sha.slice(0, 12)}</code> <Copy text={sha} label="the id" /></span>
        {parents.map((id) => <span key={id}>after <Link to={paths.commit(slug, id)}><code>{id.slice(0, 7)}</code></Link></span>)}
      </p>
      <section aria-label="Deployment" className={styles.outcomes}>
        {releases.length === 0 && <p className="muted">No service was deployed with it.</p>}
        {releases.map((release) => (
          <Outcome key={release.id} slug={slug} release={release} service={services.find(({ name }) => name === release.service)} />
        ))}
      </section>
      <Comparison slug={slug} base={parent} head={sha} linkTo={findFile} />
    </div>
  );
}
