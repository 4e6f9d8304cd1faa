/** A button with what can be done, by the pattern of the ARIA Authoring Practices: arrows move, a letter finds. */
import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import styles from "./Menu.module.css";

export interface MenuItem {
  name: string;
  /** What it is exactly, in small: the command that is copied. */
  text?: string;
  isDanger?: boolean;
  run: () => void;
}

interface Props {
  /** What the button is called; `children` is what it looks like. */
  label: string;
  /** Only asked for while the menu is open. */
  list: () => readonly MenuItem[];
  children?: ReactNode;
}

export function Menu({ label, list, children = "⋯" }: Props) {
  const id = useId();
  const menu = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  const choose = ({ run }: MenuItem) => {
    menu.current?.hidePopover();
    run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") return; // the browser's: it closes
    event.stopPropagation(); // the keys of the page rest
    if (event.key === "Tab") menu.current?.hidePopover();
    const items = [...(menu.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const next = findNext(items, event.key);
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  };
  return (
    <>
      <button
        className={`quiet ${styles.button ?? ""}`}
        aria-label={label}
        aria-haspopup="menu"
        popoverTarget={id}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown") return;
          event.preventDefault();
          event.currentTarget.click();
        }}
      >
        {children}
      </button>
      <div
        ref={menu}
        id={id}
        popover="auto"
        role="menu"
        tabIndex={-1}
        aria-label={label}
        className={styles.menu}
        onToggle={({ newState }) => { setOpen(newState === "open"); }}
        onKeyDown={onKeyDown}
      >
        {isOpen && list().map((item, index) => (
          <button
            key={`${item.name} ${item.text ?? ""}`}
            ref={index === 0 ? takeFocus : undefined}
            role="menuitem"
            tabIndex={-1}
            className={item.isDanger ? "quiet danger" : "quiet"}
            onClick={() => { choose(item); }}
          >
            {item.name}
            {item.text !== undefined && <code>{item.text}</code>}
          </button>
        ))}
      </div>
    </>
  );
}

function takeFocus(button: HTMLButtonElement | null): void {
  button?.focus();
}

function findNext(items: HTMLElement[], key: string): HTMLElement | undefined {
  const at = items.findIndex((item) => item === document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (step !== undefined) return items[(at + step + items.length) % items.length];
  if (key === "Home") return items[0];
  if (key === "End") return items.at(-1);
  if (key.length !== 1 || key === " ") return undefined;
  const begins = (item: HTMLElement) => item.textContent.toLowerCase().startsWith(key.toLowerCase());
  return [...items.slice(at + 1), ...items.slice(0, at + 1)].find(begins);
}
