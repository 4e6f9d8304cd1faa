/** Files from somebody's machine, before they are sent: where they go, and what the server would say. Pure but for reading them. */
import type { Draft, FileEntry } from "@/api/schema";
import type { Texts } from "./drafts";
import { findFault, refusePlace } from "./path-rule";

/** The limits of `core/check.py`. */
const MOST_FILE = 10 * 2 ** 20;
const MOST_PYTHON = 256 * 2 ** 10;
const MOST_SERVICE_FILE = 64 * 2 ** 10;
const MOST_SERVICE = 900 * 2 ** 10;
const MOST_FILES = 500;

function saySize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const [size, unit] = bytes < 2 ** 20 ? [bytes / 1024, "KiB"] : [bytes / 2 ** 20, "MiB"];
  return `${Number(size.toFixed(1))} ${unit}`;
}

/** Said beside the button, before anybody chooses. */
export const LIMITS = `A file may have ${saySize(MOST_FILE)}, a Python file ${saySize(MOST_PYTHON)}; a service ${saySize(MOST_SERVICE)} in ${MOST_FILES} files.`;

/** `path`: where it is to be, below the service. */
export interface Upload {
  path: string;
  file: Pick<File, "size" | "arrayBuffer">;
}

/** Why each cannot be sent, by path; and why all of them cannot. */
export interface Faults {
  each: Readonly<Record<string, string>>;
  all: string | null;
}

export function judgeUploads(uploads: readonly Upload[], entries: readonly FileEntry[], drafts: Texts): Faults {
  const there = entries.map(({ path }) => path);
  const each: Record<string, string> = {};
  for (const { path, file } of uploads) {
    const why = refuseSize(path, file.size) ?? (path in drafts ? "It has unsaved text here: commit that first." : refuseName(path, there));
    if (why !== null) each[path] = why;
  }
  const good = uploads.filter(({ path }) => !(path in each));
  return { each, all: refuseAmount(good, entries) };
}

function refuseName(path: string, there: readonly string[]): string | null {
  return there.includes(path) ? findFault(path) : refusePlace(path, there);
}

function refuseSize(path: string, size: number): string | null {
  const most = path === "service.yaml" ? MOST_SERVICE_FILE : path.endsWith(".py") ? MOST_PYTHON : MOST_FILE;
  return size > most ? `${saySize(size)}: ${saySize(most)} are the most.` : null;
}

function refuseAmount(uploads: readonly Upload[], entries: readonly FileEntry[]): string | null {
  const sizes = new Map([...entries.map(({ path, size }) => [path, size] as const), ...uploads.map(({ path, file }) => [path, file.size] as const)]);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (sizes.size > MOST_FILES) return `The service would have ${sizes.size} files: ${MOST_FILES} are the most.`;
  return total > MOST_SERVICE ? `The service would have ${saySize(total)}: ${saySize(MOST_SERVICE)} are the most.` : null;
}

/** What writes them; `locate` gives the path in the repository. */
export async function readUploads(uploads: readonly Upload[], locate: (path: string) => string): Promise<Draft["ops"]> {
  return Promise.all(
    uploads.map(async ({ path, file }) => ({ op: "put" as const, path: locate(path), contentBase64: encode(await file.arrayBuffer()) })),
  );
}

const AT_ONCE = 0x8000; // bytes: arguments of one call

function encode(data: ArrayBuffer): string {
  const bytes = new Uint8Array(data);
  let text = "";
  for (let at = 0; at < bytes.length; at += AT_ONCE) text += String.fromCharCode(...bytes.subarray(at, at + AT_ONCE));
  return btoa(text);
}
