import type { ReactNode } from "react";
import styles from "./Table.module.css";

interface Props {
  label: string;
  columns: string[];
  /** The last column holds buttons. */
  hasActions?: boolean;
  children: ReactNode;
}

/** Rows with a head. It scrolls by itself where the window is narrow. */
export function Table({ label, columns, hasActions = false, children }: Props) {
  return (
    <div className={styles.frame}>
      <table aria-label={label} className={styles.table} data-actions={hasActions}>
        <thead>
          <tr>
            {columns.map((name) => <th key={name} scope="col">{name}</th>)}
            {hasActions && <th scope="col"><span className="hidden">Actions</span></th>}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
