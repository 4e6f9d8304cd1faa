import { useRef, type KeyboardEvent } from "react";
import { useToast } from "../Toasts";
import type { Command } from "./commands";
import styles from "./CopyAs.module.css";

/** An action and its commands; without a title where it is plain which one is meant. */
export interface CommandGroup {
  title?: string;
  commands: readonly Command[];
}

interface Props {
  commands?: readonly Command[];
  groups?: readonly CommandGroup[];
  label?: string;
}

/** What one can click here, to do in a terminal. A link to this page is always among it. */
export function CopyAs({ commands = [], groups = [], label = "Copy as" }: Props) {
  const menu = useRef<HTMLDetailsElement>(null);
  const toast = useToast();
  const close = () => {
    if (menu.current) menu.current.open = false;
  };
  const copy = async ({ name, text }: Command) => {
    close();
    await navigator.clipboard.writeText(text);
    toast({ text: `Copied for ${name}` });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !menu.current?.open) return;
    event.stopPropagation();
    close();
    menu.current.querySelector("summary")?.focus();
  };
  return (
    <details
      ref={menu}
      className={styles.menu}
      onKeyDown={onKeyDown}
      onBlur={({ currentTarget, relatedTarget }) => { if (!currentTarget.contains(relatedTarget)) close(); }}
    >
      <summary className="button">{label}</summary>
      <div className={styles.list}>
        {[...groups, { commands: [...commands, { name: "link", text: location.href }] }].map(({ title, commands: lines }: CommandGroup, index) => (
          <section key={title ?? index} aria-label={title}>
            {title && <h3 className="muted">{title}</h3>}
            <ul>
              {lines.map((command) => (
                <li key={command.text}>
                  <button className="quiet" onClick={() => void copy(command)}>
                    <span>{command.name}</span>
                    <code>{command.text}</code>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </details>
  );
}
