/** Which file of which service at which commit; the files of a directory. Pure. */
import type { FileEntry } from "@/api/schema";

export interface FileOfCommit {
  slug: string;
  service: string;
  /** Below the service; "" is its directory. */
  path: string;
  /** The commit that the address names; undefined: main as it is now. */
  ref: string | undefined;
  /** The commit that is shown. */
  commit: string;
  /** In the repository. */
  whole: string;
  /** Of the service, in the repository. */
  directory: string;
}

export function placeFile(directory: string, path: string): string {
  return [directory, path].filter(Boolean).join("/");
}

/** `size` undefined: a directory. */
export interface DirectoryEntry {
  name: string;
  size: number | undefined;
}

/** Directories first, each by name. */
export function listDirectory(files: readonly FileEntry[], path: string): DirectoryEntry[] {
  const prefix = path === "" ? "" : `${path}/`;
  const found = new Map<string, number | undefined>();
  for (const file of files.filter((each) => each.path.startsWith(prefix))) {
    const [name = "", ...rest] = file.path.slice(prefix.length).split("/");
    found.set(name, rest.length > 0 ? undefined : file.size);
  }
  return [...found]
    .map(([name, size]) => ({ name, size }))
    .sort((one, other) => Number(one.size !== undefined) - Number(other.size !== undefined) || one.name.localeCompare(other.name));
}

/** `61 B`, `1.2 kB`. */
export function saySize(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
