import { useQuery } from "@tanstack/react-query";
import { requestLog } from "@/api/invoke";
import type { Invocation, Service } from "@/api/schema";
import { sayDuration } from "@/components/Time";
import styles from "./Console.module.css";
import { prettify, saySize } from "./request";

/** What a service has answered: status, time, size, the commit that answered, the body, and its log lines. */
export function ReplyView({ slug, service, reply }: { slug: string; service: Service; reply: Invocation }) {
  const type = reply.headers["content-type"] ?? "";
  const body = reply.body ?? "";
  // What is live is told a moment later than that the newest is.
  const live = service.status.state === "live" ? service.commit : service.live?.commit;
  return (
    <section aria-label="Response" className={styles.reply}>
      <p className={styles.chips}>
        <strong className={reply.status < 400 ? styles.good : styles.bad}>{reply.status}</strong>
        <span>{sayDuration(reply.ms)}</span>
        <span>{saySize(reply.bodyBase64 === undefined ? new Blob([body]).size : (reply.bodyBase64.length * 3) / 4)}</span>
        {reply.revision !== null && (
          <span>answered by <code>{reply.revision.slice(0, 7)}</code>{reply.revision === live ? "" : ", which is not live any more"}</span>
        )}
      </p>
      <pre aria-label="Response body" tabIndex={0} className={styles.body}>
        {reply.bodyBase64 === undefined ? prettify(body, type) : "(bytes that are no text)"}
        {reply.truncated && "\n… the rest was not read"}
      </pre>
      <details>
        <summary>Headers {Object.keys(reply.headers).length}</summary>
        <pre className={styles.headers}>
          {Object.entries(reply.headers).map(([name, value]) => `${name}: ${value}`).join("\n")}
        </pre>
      </details>
      {reply.requestId !== null && <RequestLog slug={slug} service={service.name} requestId={reply.requestId} />}
    </section>
  );
}

function RequestLog({ slug, service, requestId }: { slug: string; service: string; requestId: string }) {
  const { data } = useQuery(requestLog(slug, service, requestId));
  if (data === undefined) return null;
  return (
    <section aria-label="Log of this request">
      <h3 className="muted">Log of this request</h3>
      {data.length === 0 && <p className="muted">It wrote nothing.</p>}
      <pre className={styles.headers}>{data.map(({ level, text }) => `${level ?? ""} ${text}`).join("\n")}</pre>
    </section>
  );
}
