import styles from "./Console.module.css";
import type { TypedRequest } from "./request";

/** The last requests that were sent from here, the newest first. */
export function SentRequests({ service, sent, onOpen }: { service: string; sent: readonly TypedRequest[]; onOpen: (request: TypedRequest) => void }) {
  return (
    <details>
      <summary>Sent {sent.length}</summary>
      <ol aria-label="Sent requests">
        {sent.map((request, index) => (
          <li key={index} className={styles.row}>
            <button className={`quiet ${styles.open ?? ""}`} onClick={() => { onOpen(request); }}>
              <code>{request.method} /{service}/{request.path}</code>
              {request.body !== "" && <code>{request.body.slice(0, 60)}</code>}
            </button>
          </li>
        ))}
      </ol>
    </details>
  );
}
