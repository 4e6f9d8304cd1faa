/** What has changed in a tenant, by whom, and what became of it. What is looked for is in the address, to be shared. */
import { noop } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation, useParams, useSearchParams } from "react-router";
import { commitHistory } from "@/api/history";
import { queryClient } from "@/api/query-client";
import { CopyAs } from "@/components/copy-as/CopyAs";
import { historyCommands } from "@/components/copy-as/commands";
import { Empty } from "@/components/Empty";
import { HistoryList } from "@/components/history/HistoryList";
import { Title } from "@/components/Title";
import { Filters } from "./Filters";
import { readFilter } from "./filter";
import styles from "./HistoryPage.module.css";

export function loader({ params, request }: { params: { slug?: string }; request: Request }) {
  const filter = readFilter(new URL(request.url).searchParams);
  void queryClient.infiniteQuery(commitHistory(params.slug ?? "", filter)).catch(noop);
  return null;
}

/** On an address that the fields have made themselves: they are ahead of it while somebody types. */
const TYPED = "typed";

/** Another one whenever the address comes from elsewhere, so that the fields begin anew with what it says. */
function useFieldsKey(): string {
  const location = useLocation();
  const { key } = location;
  const [fields, setFields] = useState(key);
  if (location.state !== TYPED && fields !== key) setFields(key);
  return fields;
}

export function Component() {
  const { slug = "" } = useParams();
  const [search, setSearch] = useSearchParams();
  const filter = readFilter(search);
  const fields = useFieldsKey();
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <div className={styles.page}>
      <Title>{`${filter.service ?? slug} · History`}</Title>
      <header className={styles.head}>
        <h1>History</h1>
        <CopyAs commands={historyCommands(slug, filter.service)} />
      </header>
      <Filters key={fields} slug={slug} search={search} onChange={(next) => { setSearch(next, { replace: true, state: TYPED }); }} />
      <HistoryList
        key={slug}
        slug={slug}
        filter={filter}
        empty={isFiltered ? (
          <Empty title="No commit is like that">
            <button onClick={() => { setSearch({}); }}>Show all</button>
          </Empty>
        ) : (
          <Empty title="No commits yet">This is where every change, from web, git or API, will appear.</Empty>
        )}
      />
    </div>
  );
}
