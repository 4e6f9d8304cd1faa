/**
 * The files of a service as a tree: which rows are shown, and where a key leads. A directory's path ends with a slash.
 * Pure; what a row looks like is in FileRow.tsx, what is done with it in use-file-changes.ts.
 */

export interface Row {
  path: string;
  name: string;
  isDirectory: boolean;
  isOpen: boolean;
  /** As `aria-level`, `aria-posinset` and `aria-setsize` have them: from 1. */
  level: number;
  position: number;
  size: number;
}

export function isDirectory(path: string): boolean {
  return path.endsWith("/");
}

/** A path as people write it: that of a directory without its slash. */
export function trimSlash(path: string): string {
  return isDirectory(path) ? path.slice(0, -1) : path;
}

/** Is it this file, or in this directory? */
export function isBelow(path: string, row: string): boolean {
  return isDirectory(row) ? path.startsWith(row) : path === row;
}

/** Where a path is after `from` has become `to`; both of a file, or both of a directory. */
export function relocate(path: string, from: string, to: string): string {
  return isBelow(path, from) ? to + path.slice(from.length) : path;
}

export function baseName(path: string): string {
  return trimSlash(path).split("/").at(-1) ?? path;
}

/** The directories that it is in, the outermost first. */
export function listParents(path: string): string[] {
  const parts = trimSlash(path).split("/").slice(0, -1);
  return parts.map((_, index) => `${parts.slice(0, index + 1).join("/")}/`);
}

/** The rows that are shown: directories first, and in them what is in those that are open. */
export function listRows(paths: readonly string[], open: ReadonlySet<string>, below = ""): Row[] {
  const names = new Set<string>();
  for (const path of paths) {
    if (!path.startsWith(below)) continue;
    const [name = "", ...rest] = path.slice(below.length).split("/");
    names.add(rest.length > 0 ? `${name}/` : name);
  }
  const level = below.split("/").length;
  return [...names].sort(compareNames).flatMap((name, index) => {
    const path = below + name;
    const isOpen = open.has(path);
    const row = { path, name: trimSlash(name), isDirectory: isDirectory(name), isOpen, level, position: index + 1, size: names.size };
    return isOpen ? [row, ...listRows(paths, open, path)] : [row];
  });
}

function compareNames(one: string, other: string): number {
  return Number(isDirectory(other)) - Number(isDirectory(one)) || (one < other ? -1 : 1);
}

/** What a key does in a tree, as the ARIA Authoring Practices have it. */
export interface Step {
  /** The row that has the focus then. */
  to?: string;
  open?: string[];
  close?: string;
}

/** undefined: the key means nothing here. */
export function followKey(rows: readonly Row[], path: string, key: string): Step | undefined {
  const at = rows.findIndex((row) => row.path === path);
  const row = rows[at];
  if (row === undefined) return undefined;
  const go = (found: Row | undefined): Step => (found === undefined ? {} : { to: found.path });
  switch (key) {
    case "ArrowDown":
      return go(rows[at + 1]);
    case "ArrowUp":
      return go(rows[at - 1]);
    case "Home":
      return go(rows[0]);
    case "End":
      return go(rows.at(-1));
    case "ArrowRight":
      if (row.isDirectory && !row.isOpen) return { open: [path] };
      return row.isDirectory ? go(rows[at + 1]) : {};
    case "ArrowLeft": {
      if (row.isOpen) return { close: path };
      const parent = listParents(path).at(-1);
      return parent === undefined ? {} : { to: parent };
    }
    case "*":
      return { open: rows.filter((other) => other.isDirectory && other.level === row.level && isSibling(other.path, path)).map((other) => other.path) };
    default:
      return undefined;
  }
}

function isSibling(one: string, other: string): boolean {
  return listParents(one).at(-1) === listParents(other).at(-1);
}

/** The row whose name begins so: of one letter the next one, of several also the row itself. */
export function findByName(rows: readonly Row[], path: string, typed: string): string | undefined {
  const from = rows.findIndex((row) => row.path === path) + (typed.length > 1 ? 0 : 1);
  const around = [...rows.slice(from), ...rows.slice(0, from)];
  return around.find(({ name }) => name.toLowerCase().startsWith(typed.toLowerCase()))?.path;
}

/** The row that has the focus when this one and all below it are gone. */
export function findNeighbour(rows: readonly Row[], path: string): string | undefined {
  const at = rows.findIndex((row) => row.path === path);
  const isGone = (row: Row) => row.path === path || isBelow(row.path, path);
  return (rows.slice(at).find((row) => !isGone(row)) ?? rows.slice(0, at).at(-1))?.path;
}
