/**
 * Single values of a service.yaml read and changed in its text: whatever is not changed stays as somebody wrote it,
 * comments, order, quotes and line ends included. Pure. What a value may be, the server says.
 */
import { yamlLanguage } from "@codemirror/lang-yaml";

type SyntaxNode = ReturnType<typeof yamlLanguage.parser.parse>["topNode"];

/** Where a value is: `["replicas"]`, `["resources", "memory"]`, `["env", "GREETING"]`. */
export type Path = readonly [string] | readonly [string, string];

/** A value as text, whatever its quotes; null: it is written in a way that only a person should change. */
export type Value = string | null;

/** What a text says, or null where it is not a mapping that can be understood. */
export interface Descriptor {
  values: ReadonlyMap<string, Value>;
  /** Of a field with fields of its own: `env`, `resources`. */
  within: (name: string) => ReadonlyMap<string, Value>;
}

export function readYaml(text: string): Descriptor | null {
  const root = findRoot(text);
  if (root === "other") return null;
  const pairs = root === null ? [] : listPairs(root);
  const values = new Map(pairs.map((pair) => [readKey(text, pair), readValue(text, pair)]));
  const within = (name: string) => {
    const mapping = findMapping(findPair(text, root, name));
    return new Map(mapping === null ? [] : listPairs(mapping).map((pair) => [readKey(text, pair), readValue(text, pair)]));
  };
  return { values, within };
}

/** The text with a value set or, where it is null, gone. `value` is text; what needs quotes gets them. */
export function setValue(text: string, path: Path, value: string | null): string {
  const root = findRoot(text);
  if (root === "other") throw new Error("service.yaml is not a mapping");
  const [name, inner] = path;
  const pair = findPair(text, root, name);
  if (inner === undefined) return value === null ? dropPair(text, pair) : putPair(text, root, pair, name, quote(value));
  const mapping = findMapping(pair);
  const found = mapping && findPair(text, mapping, inner);
  if (value === null) {
    if (!mapping || !found) return text;
    return listPairs(mapping).length === 1 ? dropPair(text, pair) : dropPair(text, found);
  }
  if (mapping) return putPair(text, mapping, found, inner, quote(value));
  const lines = `${name}:${endOfLine(text)}  ${inner}: ${quote(value)}`;
  return pair ? splice(text, pair.from, pair.to, lines) : addLine(text, root, lines);
}

/** The mapping of the document, null where there is none yet, "other" for anything else. */
function findRoot(text: string): SyntaxNode | null | "other" {
  const top = yamlLanguage.parser.parse(text).topNode;
  if (hasError(top)) return "other";
  const documents = top.getChildren("Document");
  const [document] = documents;
  if (document === undefined) return null;
  const mapping = document.getChild("BlockMapping") ?? document.getChild("FlowMapping");
  if (mapping !== null) return documents.length === 1 ? mapping : "other";
  return childrenOf(document).every(({ name }) => name === "Comment" || name === "DirectiveEnd") ? null : "other";
}

function hasError(node: SyntaxNode): boolean {
  let isWrong = false;
  node.cursor().iterate(({ type }) => { isWrong ||= type.isError; });
  return isWrong;
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const found = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) found.push(child);
  return found;
}

function listPairs(mapping: SyntaxNode): SyntaxNode[] {
  return mapping.getChildren("Pair");
}

function readKey(text: string, pair: SyntaxNode): string {
  const key = pair.getChild("Key");
  return key ? (readScalar(text, key.firstChild) ?? "") : "";
}

function findPair(text: string, mapping: SyntaxNode | null, name: string): SyntaxNode | null {
  return (mapping && listPairs(mapping).find((pair) => readKey(text, pair) === name)) ?? null;
}

function valueOf(pair: SyntaxNode): SyntaxNode | null {
  const last = pair.lastChild;
  return last !== null && last.name !== ":" && last.name !== "Key" ? last : null;
}

function findMapping(pair: SyntaxNode | null): SyntaxNode | null {
  const value = pair && valueOf(pair);
  return value && /^(Block|Flow)Mapping$/.test(value.name) ? value : null;
}

function readValue(text: string, pair: SyntaxNode): Value {
  const value = valueOf(pair);
  return value === null ? "" : readScalar(text, value);
}

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", "0": "\0", '"': '"', "\\": "\\", "/": "/" };

function readScalar(text: string, node: SyntaxNode | null): Value {
  if (node === null) return null;
  const raw = text.slice(node.from, node.to);
  if (/\r|\n/.test(raw)) return null;
  if (node.name === "Literal") return raw;
  if (node.name !== "QuotedLiteral") return null;
  if (raw.startsWith("'")) return raw.slice(1, -1).replaceAll("''", "'");
  const isPlain = !/\\[^nrt0"\\/]/.test(raw);
  return isPlain ? raw.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter) : null;
}

const PLAIN = /^[A-Za-z0-9_./][A-Za-z0-9_./@%+=~^()-]*(?: [A-Za-z0-9_./@%+=~^()-]+)*$/;

/** As YAML writes it: bare where nothing in it means anything to YAML, else between double quotes. */
function quote(value: string): string {
  return PLAIN.test(value) && !/^null$/i.test(value) ? value : JSON.stringify(value);
}

function splice(text: string, from: number, to: number, insert: string): string {
  return text.slice(0, from) + insert + text.slice(to);
}

function endOfLine(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

function putPair(text: string, mapping: SyntaxNode | null, pair: SyntaxNode | null, name: string, value: string): string {
  if (pair) {
    const old = valueOf(pair);
    return old ? splice(text, old.from, old.to, value) : splice(text, pair.to, pair.to, ` ${value}`);
  }
  const last = mapping && listPairs(mapping).at(-1);
  if (mapping?.name === "FlowMapping") {
    const at = last?.to ?? mapping.from + 1;
    return splice(text, at, at, `${last ? ", " : ""}${quote(name)}: ${value}`);
  }
  return addLine(text, mapping, `${quote(name)}: ${value}`);
}

/** Below the last line of a block mapping, as far in as that; where there is none, at the end of the document. */
function addLine(text: string, mapping: SyntaxNode | null, line: string): string {
  const end = endOfLine(text);
  const last = mapping && listPairs(mapping).at(-1);
  if (!last) {
    const mark = text.search(/^\.\.\./m); // the end of a document
    const before = mark < 0 ? text : text.slice(0, mark);
    return before + (before === "" || before.endsWith("\n") ? "" : end) + line + end + text.slice(before.length);
  }
  const indent = " ".repeat(last.from - startOfLine(text, last.from));
  const at = endOfItsLine(text, last.to);
  return splice(text, at, at, `${end}${indent}${line}`);
}

function dropPair(text: string, pair: SyntaxNode | null): string {
  if (pair === null) return text;
  if (pair.parent?.name !== "FlowMapping") {
    const to = endOfItsLine(text, pair.to);
    const isLast = to === text.length;
    return splice(text, startOfLine(text, pair.from), isLast ? to : text.indexOf("\n", to) + 1, "");
  }
  const next = pair.nextSibling;
  const before = pair.prevSibling;
  if (next?.name === ",") return splice(text, pair.from, next.nextSibling?.from ?? next.to, "");
  return before?.name === "," ? splice(text, before.from, pair.to, "") : splice(text, pair.from, pair.to, "");
}

function startOfLine(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

/** Where the line ends that `at` is in, before its line end. */
function endOfItsLine(text: string, at: number): number {
  const newline = text.indexOf("\n", at);
  if (newline < 0) return text.length;
  return text[newline - 1] === "\r" ? newline - 1 : newline;
}
