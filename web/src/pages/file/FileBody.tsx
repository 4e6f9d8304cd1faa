import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { fileContent } from "@/api/files";
import type { FileEntry } from "@/api/schema";
import { useAction } from "@/components/actions/registry";
import { HistoryList } from "@/components/history/HistoryList";
import { ProblemPanel } from "@/components/ProblemPanel";
import { TabList } from "@/components/TabList";
import * as paths from "@/paths";
import { CodeView } from "./CodeView";
import styles from "./FilePage.module.css";
import { saySize, type FileOfCommit } from "./place";

interface Props {
  place: FileOfCommit;
  entry: FileEntry;
  /** The lines that the address names. */
  first: number | undefined;
  last: number | undefined;
}

const VIEWS = { code: "Code", history: "History" };

export function FileBody({ place, entry, first, last }: Props) {
  const { slug, service, path, whole, commit } = place;
  const [search, setSearch] = useSearchParams();
  const { data, error } = useQuery(fileContent(slug, service, { ...entry, ref: commit }));
  const view = search.get("view") === "history" ? "history" : "code";
  const show = (name: keyof typeof VIEWS) => { setSearch(name === "code" ? {} : { view: name }, { replace: true }); };
  useAction({ name: view === "code" ? "History of this file" : "Text of this file", keys: "h", run: () => { show(view === "code" ? "history" : "code"); } });
  return (
    <section aria-label={path} className={styles.body}>
      <p className={styles.size}>
        {data?.content !== undefined && `${countLines(data.content)} lines, `}{saySize(entry.size)}
      </p>
      <TabList label="View" tabs={VIEWS} active={view} onSelect={show}>
        {error && <ProblemPanel error={error} />}
        {view === "history" && (
          <div className={styles.history}>
            <HistoryList slug={slug} filter={{ path: whole }} linkTo={({ sha }) => paths.file(slug, service, path, { ref: sha })} />
          </div>
        )}
        {view === "code" && data?.content !== undefined && <CodeView path={path} sha={entry.sha} text={data.content} first={first} last={last} />}
        {view === "code" && data?.contentBase64 !== undefined && <p className={styles.note}>It is not text.</p>}
      </TabList>
    </section>
  );
}

function countLines(text: string): number {
  return text.replace(/\n$/, "").split("\n").length;
}
