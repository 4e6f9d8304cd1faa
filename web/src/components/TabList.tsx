/** Tabs by the pattern of the ARIA Authoring Practices: arrows move, and what is moved to is shown. */
import { useId, type KeyboardEvent, type ReactNode } from "react";
import styles from "./TabList.module.css";

interface Props<Name extends string> {
  label: string;
  tabs: Record<Name, ReactNode>;
  active: Name;
  onSelect: (name: Name) => void;
  children: ReactNode;
}

export function TabList<Name extends string>({ label, tabs, active, onSelect, children }: Props<Name>) {
  const id = useId();
  const names = Object.keys(tabs) as Name[];
  const move = (event: KeyboardEvent<HTMLElement>) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = step && names[(names.indexOf(active) + step + names.length) % names.length];
    if (!next) return;
    event.preventDefault();
    onSelect(next);
    document.getElementById(`${id}-${next}`)?.focus();
  };
  return (
    <>
      <div role="tablist" aria-label={label} className={styles.tabs} onKeyDown={move}>
        {names.map((name) => (
          <button
            key={name}
            id={`${id}-${name}`}
            role="tab"
            className="quiet"
            aria-selected={name === active}
            aria-controls={`${id}-panel`}
            tabIndex={name === active ? 0 : -1}
            onClick={() => { onSelect(name); }}
          >
            {tabs[name]}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${active}`} className={styles.panel}>
        {children}
      </div>
    </>
  );
}
