import { useId, useRef } from "react";
import { Keys } from "@/components/actions/Keys";
import { CopyAs } from "@/components/copy-as/CopyAs";
import type { Command } from "@/components/copy-as/commands";
import styles from "./Console.module.css";
import { findFault } from "./json-fault";
import { METHODS, findUnsent, hasBody, isJson, type TypedRequest } from "./request";

interface Props {
  service: string;
  typed: TypedRequest;
  onType: (typed: TypedRequest) => void;
  onSend: () => void;
  isPending: boolean;
  commands: readonly Command[];
}

/** A request as it is typed. */
export function RequestForm({ service, typed, onType, onSend, isPending, commands }: Props) {
  const change = (part: Partial<TypedRequest>) => { onType({ ...typed, ...part }); };
  const unsent = findUnsent(typed);
  return (
    <form className={styles.request} onSubmit={(event) => { event.preventDefault(); onSend(); }}>
      <div className={styles.line}>
        <select aria-label="Method" value={typed.method} onChange={(event) => { change({ method: event.target.value }); }}>
          {METHODS.map((name) => <option key={name}>{name}</option>)}
        </select>
        <span className={styles.path}>
          <span className="muted">/{service}/</span>
          <input aria-label="Path and query" value={typed.path} onChange={(event) => { change({ path: event.target.value }); }} spellCheck={false} />
        </span>
        <button className="primary" disabled={isPending}>Send <Keys keys="Mod+Enter" /></button>
        <CopyAs commands={commands} />
      </div>
      {hasBody(typed) && <BodyField typed={typed} onChange={(body) => { change({ body }); }} />}
      <details open={typed.headers !== "" || undefined}>
        <summary>Headers</summary>
        <textarea aria-label="Headers" rows={2} value={typed.headers} onChange={(event) => { change({ headers: event.target.value }); }} placeholder="Accept: application/json" spellCheck={false} />
        {unsent.length > 0 && <p className="muted">{unsent.join(", ")}: not sent from here, for the request is sent as you.</p>}
      </details>
    </form>
  );
}

/** A body that is meant to be JSON is checked as it is typed; it is sent as it is all the same. */
function BodyField({ typed, onChange }: { typed: TypedRequest; onChange: (body: string) => void }) {
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const fault = isJson(typed) && typed.body.trim() !== "" ? findFault(typed.body) : null;
  const goThere = () => {
    field.current?.focus();
    if (fault) field.current?.setSelectionRange(fault.offset, fault.offset + 1);
  };
  return (
    <>
      <textarea
        ref={field}
        aria-label="Body"
        aria-invalid={fault !== null}
        aria-describedby={fault === null ? undefined : id}
        rows={4}
        value={typed.body}
        onChange={(event) => { onChange(event.target.value); }}
        placeholder='{"name": "value"}'
        spellCheck={false}
      />
      {fault !== null && (
        <p className={styles.fault}>
          <span id={id}>No JSON: line {fault.line}, column {fault.column}: {fault.text}</span>
          <button type="button" className="quiet" onClick={goThere}>Go there</button>
        </p>
      )}
    </>
  );
}
