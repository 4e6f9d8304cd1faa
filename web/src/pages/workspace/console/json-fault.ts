/** Where a text stops being JSON (RFC 8259). Pure; browsers say it each in their own words, and some do not say where. */

/** `line` and `column` count from 1, `offset` from 0. */
export interface Fault {
  line: number;
  column: number;
  offset: number;
  text: string;
}

class Unexpected extends Error {
  constructor(
    readonly offset: number,
    readonly wanted: string,
  ) {
    super(wanted);
  }
}

/** Null for what is JSON. */
export function findFault(text: string): Fault | null {
  try {
    JSON.parse(text);
    return null;
  } catch {
    return locate(text, scan(text));
  }
}

function scan(text: string): Unexpected {
  try {
    const end = skip(text, readValue(text, skip(text, 0)));
    return new Unexpected(end, "nothing more");
  } catch (error) {
    return error instanceof Unexpected ? error : new Unexpected(0, "fewer brackets in each other");
  }
}

function locate(text: string, { offset, wanted }: Unexpected): Fault {
  const before = text.slice(0, offset).split("\n");
  const [line, column] = [before.length, (before.at(-1)?.length ?? 0) + 1];
  const found = offset >= text.length ? "the end" : JSON.stringify(text[offset]).slice(1, -1);
  return { line, column, offset, text: `expected ${wanted}, found ${found}` };
}

function match(pattern: RegExp, text: string, at: number): number {
  const sticky = new RegExp(pattern, "y");
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : -1;
}

function skip(text: string, at: number): number {
  return match(/[ \t\r\n]*/, text, at);
}

function readValue(text: string, at: number): number {
  const sign = text[at];
  if (sign === '"') return readString(text, at);
  if (sign === "{") return readMembers(text, at, "}", readPair);
  if (sign === "[") return readMembers(text, at, "]", readValue);
  const end = match(/true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/, text, at);
  if (end < 0) throw new Unexpected(at, "a value");
  return end;
}

function readMembers(text: string, begin: number, close: string, read: (text: string, at: number) => number): number {
  let at = skip(text, begin + 1);
  if (text[at] === close) return at + 1;
  for (;;) {
    at = skip(text, read(text, at));
    if (text[at] === close) return at + 1;
    if (text[at] !== ",") throw new Unexpected(at, `, or ${close}`);
    at = skip(text, at + 1);
  }
}

function readPair(text: string, at: number): number {
  if (text[at] !== '"') throw new Unexpected(at, 'a name in "');
  const colon = skip(text, readString(text, at));
  if (text[colon] !== ":") throw new Unexpected(colon, ":");
  return readValue(text, skip(text, colon + 1));
}

function readString(text: string, begin: number): number {
  for (let at = begin + 1; ; at += 1) {
    const sign = text[at];
    if (sign === '"') return at + 1;
    if (sign === undefined || sign < " ") throw new Unexpected(at, 'a " that ends the text');
    if (sign !== "\\") continue;
    const end = match(/\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/, text, at);
    if (end < 0) throw new Unexpected(at, "an escape that JSON knows");
    at = end - 1;
  }
}
