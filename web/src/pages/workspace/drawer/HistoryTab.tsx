import { useQuery } from "@tanstack/react-query";
import { commitList } from "@/api/commits";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Time } from "@/components/Time";
import { useRollBack } from "../use-roll-back";
import type { DrawerProps } from "./Drawer";
import styles from "./Drawer.module.css";

/** Every commit of the service, the newest first, each one click away. */
export function HistoryTab({ slug, service }: DrawerProps) {
  const { data, error } = useQuery(commitList(slug, service.name));
  const back = useRollBack(slug, service.name);
  if (error) return <ProblemPanel error={error} />;
  return (
    <ol className={styles.list}>
      {data?.items.map((commit) => (
        <li key={commit.sha}>
          <code className="muted">{commit.sha.slice(0, 7)}</code>
          <span>{commit.subject}</span>
          <span className="muted">{commit.author.name}, <Time at={commit.at} /></span>
          {commit.sha === service.commit ? (
            <span className="muted">now</span>
          ) : (
            <button disabled={back.isPending} onClick={() => { back.mutate(commit.sha); }}>
              Roll back to this<span className="hidden"> {commit.sha.slice(0, 7)}</span>
            </button>
          )}
        </li>
      ))}
    </ol>
  );
}
