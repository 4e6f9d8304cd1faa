import { useState } from "react";
import type { Invocation, Service } from "@/api/schema";
import { Copy } from "@/components/Copy";
import { sayDuration } from "@/components/Time";
import styles from "./Console.module.css";
import { findKind, indent, measure, readType, saySize } from "./reply";

/** What a service has answered: status, time, size, the commit that answered, and the body. */
export function ReplyView({ service, reply }: { service: Service; reply: Invocation }) {
  // What is live is told a moment later than that the newest is.
  const live = service.status.state === "live" ? service.commit : service.live?.commit;
  return (
    <section aria-label="Response" className={styles.reply}>
      <p className={styles.chips}>
        <strong className={reply.status < 400 ? styles.good : styles.bad}>{reply.status}</strong>
        <span>{sayDuration(reply.ms)}</span>
        <span>{saySize(measure(reply))}</span>
        {reply.revision !== null && (
          <span>answered by <code>{reply.revision.slice(0, 7)}</code>{reply.revision === live ? "" : ", which is not live any more"}</span>
        )}
      </p>
      <ReplyBody reply={reply} />
      <details>
        <summary>Headers {Object.keys(reply.headers).length}</summary>
        <pre className={styles.headers}>
          {Object.entries(reply.headers).map(([name, value]) => `${name}: ${value}`).join("\n")}
        </pre>
      </details>
    </section>
  );
}

/** As text, or as a picture; HTML and everything else that a browser would run is shown as its source. */
function ReplyBody({ reply }: { reply: Invocation }) {
  const [isRaw, setRaw] = useState(false);
  const kind = findKind(reply);
  const type = readType(reply);
  const body = reply.body ?? "";
  if (kind === "image" || kind === "binary") {
    return (
      <figure aria-label="Response body" className={styles.picture}>
        {kind === "image" && <img src={`data:${type};base64,${reply.bodyBase64 ?? ""}`} alt="What the service has drawn" />}
        <figcaption className="muted">
          {saySize(measure(reply))} of {type || "bytes"}{reply.truncated && ", of which the rest was not read"}
          <button className="quiet" onClick={() => { saveBytes(reply.bodyBase64 ?? "", type); }}>Download</button>
        </figcaption>
      </figure>
    );
  }
  const shown = kind === "json" && !isRaw ? indent(body) : body;
  return (
    <>
      <p className={styles.row}>
        <span className="muted">{kind === "html" ? "HTML source" : kind === "json" ? "JSON" : type || "text"}</span>
        {kind === "json" && <button className="quiet" aria-pressed={isRaw} onClick={() => { setRaw(!isRaw); }}>As it came</button>}
        <Copy text={shown} label="the answer" />
      </p>
      <pre aria-label="Response body" tabIndex={0} className={styles.body}>
        {shown}
        {reply.truncated && "\n… the rest was not read"}
      </pre>
    </>
  );
}

function saveBytes(base64: string, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0))], { type: "application/octet-stream" }));
  link.download = `answer.${/^image\/([a-z]+)/.exec(type)?.[1] ?? "bin"}`;
  link.click();
  URL.revokeObjectURL(link.href);
}
