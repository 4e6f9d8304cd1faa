/**
 * The rows as a tree, with its keys: arrows, Home and End, `*`, Enter, letters that find a name, the key for the menu.
 * A tree may have nothing in it but its items, and beside each is a button: so it owns the items wherever they are.
 */
import { useId, useRef, type KeyboardEvent, type ReactNode } from "react";
import { openMenu } from "./FileRow";
import { findByName, followKey, type Row } from "./tree";

const PAUSE = 700; // milliseconds between two letters of one name

interface Props {
  rows: readonly Row[];
  current: string | null;
  directories: { openAll: (paths: readonly string[]) => void; close: (path: string) => void };
  onFocused: (isFocused: boolean) => void;
  onChoose: (path: string) => void;
  /** The row whose name is typed anew, so that it is no item now. */
  typed: string | null;
  /** A row, its id, and what happens when it is chosen. */
  children: (row: Row, id: string, choose: () => void) => ReactNode;
}

export function FileRows({ rows, current, directories, onFocused, onChoose, typed, children }: Props) {
  const id = useId();
  const place = useRef<HTMLDivElement>(null);
  const begun = useRef({ text: "", at: 0 });
  const choose = (row: Row) => {
    if (!row.isDirectory) onChoose(row.path);
    else if (row.isOpen) directories.close(row.path);
    else directories.openAll([row.path]);
  };
  const type = (key: string, at: number): string => {
    const text = at - begun.current.at < PAUSE ? begun.current.text + key : key;
    begun.current = { text, at };
    return text;
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const at = rows.find(({ path }) => path === current);
    const { key } = event;
    // What is inside a row has its own keys.
    if (at === undefined || !(event.target instanceof HTMLElement) || event.target.role !== "treeitem") return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = followKey(rows, at.path, key);
    const isLetter = key.length === 1 && !/[\s?/*]/.test(key);
    if (!isLetter) begun.current.text = "";
    if (step !== undefined) {
      if (step.open) directories.openAll(step.open);
      if (step.close) directories.close(step.close);
      if (step.to !== undefined) focusRow(place.current, step.to);
    } else if (key === "Enter" || key === " ") choose(at);
    else if (key === "ContextMenu" || (key === "F10" && event.shiftKey)) openMenu(event.target.parentElement);
    else if (isLetter) focusRow(place.current, findByName(rows, at.path, type(key, event.timeStamp)));
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={place}
      onKeyDown={onKeyDown}
      onFocus={(event) => { onFocused(isItem(event.target)); }}
      onBlur={({ currentTarget, relatedTarget }) => {
        // A dialog in front (the keys of this page, the palette) gives the focus back.
        const isInFront = relatedTarget instanceof Element && relatedTarget.closest("dialog") !== null;
        if (!currentTarget.contains(relatedTarget) && !isInFront) onFocused(false);
      }}
    >
      <div role="tree" aria-label="Files" aria-owns={rows.flatMap(({ path }, index) => (path === typed ? [] : `${id}-${index}`)).join(" ")} />
      {rows.map((row, index) => children(row, `${id}-${index}`, () => { choose(row); }))}
    </div>
  );
}

/** In a field, keys are letters. */
function isItem(target: EventTarget): boolean {
  return target instanceof HTMLElement && target.tagName !== "INPUT";
}

function focusRow(place: HTMLElement | null, path: string | undefined): void {
  const rows = [...(place?.querySelectorAll<HTMLElement>("[data-path]") ?? [])];
  rows.find(({ dataset }) => dataset.path === path)?.querySelector<HTMLElement>("[role=treeitem]")?.focus();
}
