import styles from "./FileTree.module.css";
import type { Upload } from "./upload";
import type { Refused } from "./use-upload";

interface Props {
  refused: Refused;
  onSend: (uploads: Upload[]) => void;
  onForget: () => void;
}

/** Why files were not sent, beside each; and the way to send the others. */
export function UploadPanel({ refused: { uploads, faults }, onSend, onForget }: Props) {
  const good = uploads.filter(({ path }) => !(path in faults.each));
  return (
    <section aria-label="Not uploaded" role="alert" className={styles.upload}>
      <h3>Nothing was uploaded</h3>
      {faults.all !== null && <p>{faults.all}</p>}
      <ul>
        {Object.entries(faults.each).map(([path, why]) => <li key={path}><code>{path}</code> {why}</li>)}
      </ul>
      <p className={styles.actions}>
        {faults.all === null && good.length > 0 && good.length < uploads.length && (
          <button onClick={() => { onSend(good); }}>{good.length === 1 ? "Upload the other one" : `Upload the other ${good.length}`}</button>
        )}
        <button className="quiet" onClick={onForget}>Dismiss</button>
      </p>
    </section>
  );
}
