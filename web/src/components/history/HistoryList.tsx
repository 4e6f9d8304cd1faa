/** Commits, the newest first and by day, each with what became of it; kept current by the events of the tenant. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useNavigate } from "react-router";
import { commitHistory, type HistoryFilter } from "@/api/history";
import type { PastCommit } from "@/api/schema";
import { serviceList } from "@/api/services";
import * as paths from "@/paths";
import { useAction } from "../actions/registry";
import { ProblemPanel } from "../ProblemPanel";
import { useRights } from "../use-rights";
import { arrange, sayDay, type Entry } from "./arrange";
import { CommitRow, type RowProps } from "./CommitRow";
import styles from "./HistoryList.module.css";
import { useListKeys } from "./use-list-keys";
import { useRollBack } from "./use-roll-back";

interface Props {
  slug: string;
  filter: HistoryFilter;
  linkTo?: (commit: PastCommit) => string;
  /** Where there is nothing. */
  empty?: ReactNode;
}

export function HistoryList({ slug, filter, linkTo, empty }: Props) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    ...commitHistory(slug, filter),
    placeholderData: keepPreviousData,
  });
  const today = useQuery(serviceList(slug)).data;
  const services = new Map(today?.items.map((service) => [service.name, service]));
  const back = useRollBack(slug);
  const mayCommit = useRights(slug).mayCommit;
  const { chosen, choose } = useChosen(slug);
  const list = useListKeys<HTMLDivElement>();
  const act = (selector: string) => {
    const row = document.activeElement?.closest(`.${styles.row ?? ""}`);
    if (row && list.current?.contains(row)) row.querySelector<HTMLElement>(selector)?.click();
  };
  useAction({ name: "Choose this commit, to compare two", keys: "x", run: () => { act("input"); }, isKeyOnly: true });
  useAction({ name: "Roll back to this commit", keys: "Shift+r", run: () => { act(":scope > button"); }, isKeyOnly: true });
  const row: RowProps = {
    slug,
    services,
    linkTo,
    isChosen: (sha) => sha === chosen,
    onChoose: choose,
    // One at a time; and what it is undone with has to be known first: what the services are at today.
    onRollBack: mayCommit && today !== undefined && !back.isPending ? back.mutate : undefined,
  };
  const commits = data?.pages.flatMap(({ items }) => items);
  if (error && commits === undefined) return <ProblemPanel error={error} onRetry={() => void refetch()} />;
  if (commits?.length === 0) return empty ?? <p className={styles.note}>No commits yet.</p>;
  return (
    <div ref={list} className={styles.list}>
      {commits && arrange(commits).map(({ date, entries }) => (
        <section key={date} aria-label={sayDay(date, new Date())}>
          <h2 className={styles.day}><time dateTime={date}>{sayDay(date, new Date())}</time></h2>
          <ol>{entries.map((entry) => <li key={entry.commit.sha}><EntryRows {...row} entry={entry} /></li>)}</ol>
        </section>
      ))}
      {chosen && <p role="status" className={styles.hint}>Choose a second commit to compare {chosen.slice(0, 7)} with.</p>}
      {hasNextPage && (
        <button className={styles.more} disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>Show older commits</button>
      )}
    </div>
  );
}

/** A commit, or a run of saves as one, which can be opened. */
function EntryRows({ entry: { commit, earlier }, ...row }: RowProps & { entry: Entry }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <CommitRow {...row} commit={commit} />
      {earlier.length > 0 && (
        <button className={`quiet ${styles.fold ?? ""}`} aria-expanded={isOpen} onClick={() => { setOpen(!isOpen); }}>
          {isOpen ? "Hide" : "Show"} {earlier.length} {earlier.length === 1 ? "save" : "saves"} before it
        </button>
      )}
      {isOpen && <ol className={styles.folded}>{earlier.map((save) => <li key={save.sha}><CommitRow {...row} commit={save} /></li>)}</ol>}
    </>
  );
}

/** The first of two commits; with the second, the page that compares them opens. */
function useChosen(slug: string) {
  const [chosen, setChosen] = useState<string | null>(null);
  const navigate = useNavigate();
  const choose = (sha: string) => {
    if (chosen === null || chosen === sha) setChosen(chosen === sha ? null : sha);
    else void navigate(paths.compare(slug, sha, chosen));
  };
  return { chosen, choose };
}
