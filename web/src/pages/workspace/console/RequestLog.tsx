import { Link, useSearchParams } from "react-router";
import { readActions } from "@/components/actions/registry";
import { writeFilter } from "../drawer/log-filter";
import { useLogLines } from "../drawer/use-log-lines";
import styles from "./Console.module.css";
import { pickLines } from "./request-lines";

const MOST = 200; // lines that are shown here

interface Props {
  slug: string;
  service: string;
  /** While a request runs: the newest line before it. Only its answer says which request it is. */
  since: number | null;
  requestId: string | null;
}

/** What the service says of a request, as it says it: while it runs, and also after its answer. */
export function RequestLog({ slug, service, since, requestId }: Props) {
  const lines = useLogLines(slug, service);
  const [search] = useSearchParams();
  if (since === null && requestId === null) return null;
  const picked = pickLines(lines, { since, requestId });
  const title = since === null ? "Log of this request" : "Log since it was sent";
  const left = picked.length - MOST;
  return (
    <section aria-label={title} className={styles.reply}>
      <div className={styles.row}>
        <h3 className="muted">{title}</h3>
        {since === null && requestId !== null && (
          <Link
            to={`?${writeFilter(search, { text: "", level: "", request: requestId, instance: "" }).toString()}`}
            onClick={() => { readActions().find(({ name }) => name === "Logs")?.run(); }}
          >
            Show in the log
          </Link>
        )}
      </div>
      {picked.length === 0 && <p className="muted">Nothing yet. What it prints and logs appears here.</p>}
      {left > 0 && <p className="muted">{left.toLocaleString("en")} lines before these are in the log.</p>}
      {picked.length > 0 && (
        <div className={styles.said} tabIndex={0} role="group" aria-label="Lines of this request">
          <pre>{picked.slice(-MOST).map(({ level, text }) => `${level ?? ""} ${text}`).join("\n")}</pre>
        </div>
      )}
    </section>
  );
}
