import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import type { Release } from "@/api/schema";
import { serviceList } from "@/api/services";
import { latestReleases } from "@/api/sync";
import { judgeRelease } from "@/components/history/deploy-state";
import { DeployMark } from "@/components/history/DeployMark";
import { useNewest } from "@/components/history/use-newest";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Table } from "@/components/Table";
import { Time, sayDuration } from "@/components/Time";
import * as paths from "@/paths";
import styles from "./SyncPage.module.css";

const NONE: Release[] = [];

export function LatestReleases({ slug }: { slug: string }) {
  const { data, error } = useQuery(latestReleases(slug));
  const services = useQuery(serviceList(slug)).data?.items ?? [];
  const releases = useNewest(slug, (data?.items ?? NONE).map((release) => ({ ...release, liveUntil: null })));
  if (error) return <ProblemPanel error={error} />;
  if (data?.items.length === 0) return <p className="muted">None yet.</p>;
  return (
    <Table label="Latest releases" columns={["When", "Service", "Commit", "Outcome", "Live in", "By"]}>
      {releases.map((release) => (
        <tr key={release.id}>
          <td className={styles.short}><Time at={release.createdAt} /></td>
          <td>{release.service}</td>
          <td>
            <Link to={paths.commit(slug, release.commit)}><code>{release.commit.slice(0, 7)}</code></Link> <span className="muted">{release.subject}</span>
          </td>
          <td><DeployMark state={judgeRelease(release, services.find(({ name }) => name === release.service))} /></td>
          <td className={styles.short}>{release.liveMs === null || release.state === "removed" ? "–" : sayDuration(release.liveMs)}</td>
          <td className="muted">{release.actor} via {release.via}</td>
        </tr>
      ))}
    </Table>
  );
}
