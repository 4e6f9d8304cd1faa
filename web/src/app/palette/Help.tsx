/** The keys of the page that is shown. */
import { sayKeys } from "@/components/actions/chord";
import { useActions, type ShownAction } from "@/components/actions/registry";
import { usePreference } from "@/components/preferences";
import { showModal } from "@/components/modal";
import styles from "./Palette.module.css";

const IS_MAC = /Mac|iP(hone|ad)/.test(navigator.userAgent);

export default function Help({ onClose }: { onClose: () => void }) {
  const actions = useActions();
  const [isOn] = usePreference("single-keys");
  return (
    <dialog
      ref={showModal}
      aria-labelledby="keys-of-this-page"
      className={`${styles.palette ?? ""} ${styles.help ?? ""}`}
      onCancel={onClose}
      onClose={onClose}
    >
      <div className={styles.title}>
        <h2 id="keys-of-this-page">Keys of this page</h2>
        <button autoFocus onClick={onClose}>Close</button>
      </div>
      <dl className={styles.keys}>
        {findKeys(actions).map(({ keys, name }) => [
          <dt key={`${name} keys`}><kbd>{sayKeys(keys, IS_MAC)}</kbd></dt>,
          <dd key={name}>{name}</dd>,
        ])}
      </dl>
      <p className="muted">
        Keys of one letter are {isOn ? "on, except while you type; the account page switches them off" : "switched off: the account page switches them on"}.
        In the editor, Tab indents: Escape, then Tab leaves it.
      </p>
    </dialog>
  );
}

/** Those that work: of two with the same keys, the one that came later. */
function findKeys(actions: readonly ShownAction[]): { keys: string; name: string }[] {
  const found = new Map<string, string>();
  for (const { keys, name } of actions) if (keys !== undefined) found.set(keys, name);
  return [...found].map(([keys, name]) => ({ keys, name }));
}
