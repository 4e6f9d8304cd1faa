/** Try it: one request to the service as the person who is signed in, and everything that came of it. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { invoke } from "@/api/invoke";
import type { Service, ServiceCall } from "@/api/schema";
import { Keys } from "@/components/actions/Keys";
import { useAction } from "@/components/actions/registry";
import { CopyAs } from "@/components/copy-as/CopyAs";
import { callCommands } from "@/components/copy-as/service-commands";
import { ProblemPanel } from "@/components/ProblemPanel";
import styles from "./Console.module.css";
import { ReplyView } from "./ReplyView";
import { readHeaders } from "./request";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

export function Console({ slug, service }: { slug: string; service: Service }) {
  const [method, setMethod] = useState("GET");
  const [path, setPath] = useState("");
  const [headers, setHeaders] = useState("");
  const [body, setBody] = useState("");
  const calling = useMutation({ mutationFn: (sent: ServiceCall) => invoke(slug, service.name, sent) });
  const hasBody = method !== "GET" && method !== "HEAD";
  const call = { method, path: `/${path}`, headers: readHeaders(headers, hasBody), ...(hasBody && { body }) };
  const sendRequest = () => {
    if (!calling.isPending) calling.mutate(call);
  };
  const commands = callCommands(slug, service.name, service.url, call);
  useAction({ name: "Send the request", keys: "Mod+Enter", commands, run: sendRequest });
  return (
    <section aria-label="Try it" className={styles.console}>
      <form className={styles.request} onSubmit={(event) => { event.preventDefault(); sendRequest(); }}>
        <div className={styles.line}>
          <select aria-label="Method" value={method} onChange={(event) => { setMethod(event.target.value); }}>
            {METHODS.map((name) => <option key={name}>{name}</option>)}
          </select>
          <span className={styles.path}>
            <span className="muted">/{service.name}/</span>
            <input aria-label="Path and query" value={path} onChange={(event) => { setPath(event.target.value); }} spellCheck={false} />
          </span>
          <button className="primary" disabled={calling.isPending}>Send <Keys keys="Mod+Enter" /></button>
          <CopyAs commands={commands} />
        </div>
        {hasBody && (
          <textarea aria-label="Body" rows={4} value={body} onChange={(event) => { setBody(event.target.value); }} placeholder='{"name": "value"}' spellCheck={false} />
        )}
        <details>
          <summary>Headers</summary>
          <textarea aria-label="Headers" rows={2} value={headers} onChange={(event) => { setHeaders(event.target.value); }} placeholder="Accept: application/json" spellCheck={false} />
        </details>
      </form>
      {calling.error && <ProblemPanel error={calling.error} />}
      {calling.data ? (
        <ReplyView slug={slug} service={service} reply={calling.data} />
      ) : (
        !calling.error && <p className="muted">The answer, the commit that gave it and its log lines appear here.</p>
      )}
    </section>
  );
}
