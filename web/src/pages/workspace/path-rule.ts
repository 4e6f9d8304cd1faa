/** What a file may be called, as `core/paths.py` has it, and whether there is room for it. Pure; the server has the last word. */
import { isBelow, isDirectory, trimSlash } from "./tree";

const MOST_NAME = 255; // bytes
const MOST_PATH = 4096; // bytes
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
const OF_GIT = /^(?:\.git|git~[0-9]+)(?:modules)?$|^gitmod~[0-9]+$|^gi7eba~[0-9]+$/;

function countBytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** What is wrong with the path of a file; null where nothing is. */
export function findFault(path: string): string | null {
  if (path === "") return "It needs a name.";
  if (countBytes(path) > MOST_PATH) return `The path is longer than ${MOST_PATH} bytes.`;
  if (path.includes("\\")) return "It has a backslash: directories are separated by /.";
  for (const name of path.split("/")) {
    const fault = findNameFault(name);
    if (fault !== null) return fault;
  }
  return null;
}

function findNameFault(name: string): string | null {
  if (name === "") return "A name in it is empty: one / between two names, none at either end.";
  if (name === "." || name === "..") return `${name} is not the name of a file.`;
  if (countBytes(name) > MOST_NAME) return `A name may have ${MOST_NAME} bytes.`;
  if (UNPRINTABLE.test(name)) return "A name may have no control characters.";
  if (name.startsWith("..")) return "A name may not start with two dots.";
  const [base = ""] = name.split(":");
  if (OF_GIT.test(base.replace(/[. ]+$/, "").toLowerCase())) return `${name} looks like one of git's own.`;
  return null;
}

/** The path that somebody typed: without spaces around it, and without `./` or `/` before it. */
export function readPath(typed: string): string {
  return typed.trim().replace(/^(?:\.?\/)+/, "");
}

/** Why no new file can be there; null where one can. `paths`: those of the files that are there. */
export function refusePlace(path: string, paths: readonly string[]): string | null {
  if (isDirectory(path)) return "git keeps no empty directory: name a file in it too.";
  const fault = findFault(path);
  if (fault !== null) return fault;
  if (paths.includes(path)) return `There is a file ${path} already.`;
  if (paths.some((other) => other.startsWith(`${path}/`))) return `There is a directory ${path} already.`;
  const file = paths.find((other) => path.startsWith(`${other}/`));
  return file === undefined ? null : `${file} is a file, not a directory.`;
}

/** Where `row` is to be: what was typed; ending with a slash, it is a directory to move it into. */
export function readTarget(typed: string, row: string, name: string): string {
  const path = readPath(typed);
  const whole = path === "" || isDirectory(path) ? path + name : path;
  return isDirectory(row) ? `${whole}/` : whole;
}

/** Why `row` cannot become `to`; null where it can. */
export function refuseMove(row: string, to: string, paths: readonly string[]): string | null {
  if (isDirectory(row) && to !== row && to.startsWith(row)) return `${trimSlash(row)} cannot be moved into itself.`;
  return refusePlace(trimSlash(to), paths.filter((path) => !isBelow(path, row)));
}
