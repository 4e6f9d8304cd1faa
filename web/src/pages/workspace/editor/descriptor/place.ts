/** Where in a service.yaml the cursor is: at a key or at a value, and below which keys. Pure; for half-written text too. */

export interface Place {
  kind: "key" | "value";
  /** The keys above and, at a value, its own: `["resources", "memory"]`. */
  path: readonly string[];
  /** Where the word under the cursor begins. */
  from: number;
  /** The keys that stand beside it already. */
  beside: readonly string[];
}

const LINE = /^( *)(?:([\w-]+) *:(?=\s|$))?/;

interface Line {
  indent: number;
  key: string | null;
}

/** Null inside comments and lists, and where flow style or quotes begin. */
export function findPlace(text: string, at: number): Place | null {
  const start = text.lastIndexOf("\n", at - 1) + 1;
  const before = text.slice(start, at);
  const lines = text.split("\n");
  const row = text.slice(0, start).split("\n").length - 1;
  const [, spaces, word] = /^( *)([\w-]*)$/.exec(before) ?? [];
  if (spaces !== undefined && word !== undefined) {
    const above = findParents(lines, row, spaces.length);
    return { kind: "key", path: above, from: at - word.length, beside: findSiblings(lines, row, spaces.length) };
  }
  const [, indent, key, value] = /^( *)([\w-]+) *:\s+([^\s#"'[\]{}&*!|>-][^\s#]*)?$/.exec(before) ?? [];
  if (indent === undefined || key === undefined) return null;
  const path = [...findParents(lines, row, indent.length), key];
  return { kind: "value", path, from: at - (value?.length ?? 0), beside: [] };
}

/** What the word at a place of the text is a part of, with where it begins and ends; for its explanation. */
export function findWord(text: string, at: number): { path: readonly string[]; from: number; to: number } | null {
  const start = text.lastIndexOf("\n", at - 1) + 1;
  const end = text.indexOf("\n", at);
  const line = text.slice(start, end < 0 ? text.length : end);
  const [whole, indent, key] = /^( *)([\w-]+) *:(?: +[^\s#]+)?/.exec(line) ?? [];
  if (whole === undefined || indent === undefined || key === undefined) return null;
  const from = start + indent.length;
  const to = start + whole.length;
  if (at < from || at > to) return null;
  const lines = text.split("\n");
  const row = text.slice(0, start).split("\n").length - 1;
  return { path: [...findParents(lines, row, indent.length), key], from, to };
}

function readLine(line: string): Line | null {
  if (/^\s*(#|$)/.test(line)) return null;
  const [, indent = "", key = null] = LINE.exec(line) ?? [];
  return { indent: indent.length, key };
}

/** The keys of the mappings that a line with this indent is in, the outermost first. */
function findParents(lines: readonly string[], row: number, indent: number): string[] {
  const found: string[] = [];
  let inner = indent;
  for (let at = row - 1; at >= 0 && inner > 0; at -= 1) {
    const line = readLine(lines[at] ?? "");
    if (line === null || line.indent >= inner) continue;
    found.unshift(line.key ?? "");
    inner = line.indent;
  }
  return found;
}

function findSiblings(lines: readonly string[], row: number, indent: number): string[] {
  return [...collect(lines.slice(0, row).reverse(), indent), ...collect(lines.slice(row + 1), indent)];
}

/** The keys of this indent up to a line that is less far in. */
function collect(lines: readonly string[], indent: number): string[] {
  const found: string[] = [];
  for (const text of lines) {
    const line = readLine(text);
    if (line === null) continue;
    if (line.indent < indent) break;
    if (line.indent === indent && line.key !== null) found.push(line.key);
  }
  return found;
}
