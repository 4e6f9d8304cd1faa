/** What two commits differ in, file by file, in one column or in two. */
import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { comparison } from "@/api/history";
import { ProblemPanel } from "../ProblemPanel";
import styles from "./Comparison.module.css";
import { FileDiff } from "./FileDiff";

const KEY = "paaks.diff";
const LAYOUTS = ["unified", "split"] as const;
type Layout = (typeof LAYOUTS)[number];

interface Props {
  slug: string;
  base: string | undefined;
  head: string;
  /** Where one sees a file as it is at the head. */
  linkTo?: (path: string) => string | undefined;
}

export function Comparison({ slug, base, head, linkTo }: Props) {
  const { data, error, refetch } = useQuery(comparison(slug, base, head));
  const [layout, setLayout] = useLayout();
  if (data === undefined) return error && <ProblemPanel error={error} onRetry={() => void refetch()} />;
  const added = data.files.reduce((sum, file) => sum + file.added, 0);
  const removed = data.files.reduce((sum, file) => sum + file.removed, 0);
  return (
    <section aria-label="Changes" className={styles.changes}>
      <header className={styles.head}>
        <h2>
          {data.files.length === 1 ? "1 file" : `${data.files.length} files`}{" "}
          <span className={styles.added}>+{added}</span> <span className={styles.removed}>−{removed}</span>
        </h2>
        <div role="group" aria-label="Layout" className={styles.layouts}>
          {LAYOUTS.map((name) => (
            <button key={name} className="quiet" aria-pressed={name === layout} onClick={() => { setLayout(name); }}>
              {name === "unified" ? "Unified" : "Split"}
            </button>
          ))}
        </div>
      </header>
      {data.files.length === 0 && <p className="muted">Nothing differs.</p>}
      {data.files.map((file) => (
        <FileDiff key={file.path} file={file} isSplit={layout === "split"} command={`git diff ${base ?? ""} ${head}`} link={linkTo?.(file.path)} />
      ))}
    </section>
  );
}

/** As it was chosen last in this browser. */
function useLayout(): [Layout, (layout: Layout) => void] {
  const layout = useSyncExternalStore(subscribe, () => localStorage.getItem(KEY)) === "split" ? "split" : "unified";
  const choose = (wanted: Layout) => {
    localStorage.setItem(KEY, wanted);
    window.dispatchEvent(new Event("storage"));
  };
  return [layout, choose];
}

function subscribe(tell: () => void): () => void {
  window.addEventListener("storage", tell);
  return () => { window.removeEventListener("storage", tell); };
}
