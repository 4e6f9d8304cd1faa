import type { ReactNode } from "react";
import { useAction } from "@/components/actions/registry";
import { SORTS, sayOrder, sortBy, type Sort, type View } from "./view";
import styles from "./ServicesPage.module.css";

interface Props {
  sort: Sort;
  view: View;
  onChange: (view: View) => void;
  children: ReactNode;
}

/** The head of a column that a click sorts by, and another one the other way round. */
export function SortHead({ sort, view, onChange, children }: Props) {
  const order = sayOrder(view, sort);
  const run = () => { onChange(sortBy(view, sort)); };
  useAction({ name: `Sort by ${SORTS[sort].label}`, run });
  return (
    <th scope="col" aria-sort={order}>
      <button className={`quiet ${styles.sort ?? ""}`} onClick={run}>
        {children}
        <span aria-hidden="true">{order === undefined ? "" : order === "ascending" ? "↑" : "↓"}</span>
      </button>
    </th>
  );
}
