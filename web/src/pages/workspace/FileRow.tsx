/** A row of the tree: its name and marks; beside it what can be done with it, and what was said of that. */
import type { ReactNode } from "react";
import { Menu, type MenuItem } from "@/components/menu/Menu";
import styles from "./FileTree.module.css";
import { trimSlash, type Row } from "./tree";

interface Props {
  row: Row;
  id: string;
  isActive: boolean;
  /** The one of the tree that Tab leads to. */
  isCurrent: boolean;
  isUnsaved: boolean;
  problems: number;
  list: () => MenuItem[];
  /** In place of the name, while it is typed anew. */
  form: ReactNode;
  fault: string | undefined;
  onForget: () => void;
  onFocus: () => void;
  onChoose: () => void;
  /** With its element, whenever it is shown anew. */
  onShown: (element: HTMLElement) => void;
}

export function FileRow({ row, id, isActive, isCurrent, isUnsaved, problems, list, form, fault, onForget, onFocus, onChoose, onShown }: Props) {
  const marks = [isUnsaved && "unsaved", problems > 0 && (problems === 1 ? "1 problem" : `${problems} problems`)].filter(Boolean);
  if (form !== null) return <div className={styles.row}>{form}</div>;
  return (
    <div className={styles.row} data-path={row.path} data-active={isActive} data-current={isCurrent}>
      <div
        className={styles.line}
        onContextMenu={(event) => {
          event.preventDefault();
          openMenu(event.currentTarget);
        }}
      >
        <div
          ref={(element) => { if (element) onShown(element); }}
          id={id}
          role="treeitem"
          aria-label={[row.name, ...marks].join(", ")}
          aria-level={row.level}
          aria-posinset={row.position}
          aria-setsize={row.size}
          aria-expanded={row.isDirectory ? row.isOpen : undefined}
          aria-selected={isActive}
          tabIndex={isCurrent ? 0 : -1}
          className={styles.item}
          title={row.path}
          onFocus={onFocus}
          onClick={onChoose}
        >
          {Array.from({ length: row.level - 1 }, (_, index) => <span key={index} className={styles.indent} />)}
          <span aria-hidden="true" className={styles.arrow}>{row.isDirectory ? (row.isOpen ? "▾" : "▸") : ""}</span>
          <span className={styles.name}>{row.name}</span>
          {problems > 0 && <span aria-hidden="true" className={styles.problems} data-count={problems} />}
          {isUnsaved && <span aria-hidden="true">●</span>}
        </div>
        <span className={styles.more}>
          <Menu label={`Actions of ${trimSlash(row.path)}`} list={list} />
        </span>
      </div>
      {fault !== undefined && (
        <p role="alert" className={styles.fault}>
          {fault} <button className="quiet" onClick={onForget}>Dismiss</button>
        </p>
      )}
    </div>
  );
}

/** By the right button of the mouse, or by the key for it. `line`: the element that the row's button is in. */
export function openMenu(line: Element | null): void {
  line?.querySelector<HTMLElement>("[aria-haspopup=menu]")?.click();
}
