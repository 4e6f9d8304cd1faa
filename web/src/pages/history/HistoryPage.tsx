/** What has changed in a tenant, by whom, and what became of it. What is looked for is in the address, to be shared. */
import { noop } from "@tanstack/react-query";
import { useParams } from "react-router";
import { commitHistory } from "@/api/history";
import { queryClient } from "@/api/query-client";
import { CopyAs } from "@/components/copy-as/CopyAs";
import { historyCommands } from "@/components/copy-as/commands";
import { Empty } from "@/components/Empty";
import { HistoryList } from "@/components/history/HistoryList";
import { Title } from "@/components/Title";
import { useTypedSearch } from "@/components/use-typed-search";
import { Filters } from "./Filters";
import { readFilter } from "./filter";
import styles from "./HistoryPage.module.css";

export function loader({ params, request }: { params: { slug?: string }; request: Request }) {
  const filter = readFilter(new URL(request.url).searchParams);
  void queryClient.infiniteQuery(commitHistory(params.slug ?? "", filter)).catch(noop);
  return null;
}

export function Component() {
  const { slug = "" } = useParams();
  const { search, fields, type, setSearch } = useTypedSearch();
  const filter = readFilter(search);
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <div className={styles.page}>
      <Title>{`${filter.service ?? slug} · History`}</Title>
      <header className={styles.head}>
        <h1>History</h1>
        <CopyAs commands={historyCommands(slug, filter.service)} />
      </header>
      <Filters key={fields} slug={slug} search={search} onChange={type} />
      <HistoryList
        key={slug}
        slug={slug}
        filter={filter}
        empty={isFiltered ? (
          <Empty title="No commit is like that">
            <button onClick={() => { setSearch(new URLSearchParams()); }}>Show all</button>
          </Empty>
        ) : (
          <Empty title="No commits yet">This is where every change, from web, git or API, will appear.</Empty>
        )}
      />
    </div>
  );
}
