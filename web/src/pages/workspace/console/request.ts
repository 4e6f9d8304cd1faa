/** What was typed into the console, as a request. Pure. */

/** As it is typed: the path without its first slash, headers as lines. */
export interface TypedRequest {
  method: string;
  path: string;
  headers: string;
  body: string;
}

export const NO_REQUEST: TypedRequest = { method: "GET", path: "", headers: "", body: "" };
export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/** The platform says itself who is calling: these are not sent. */
const NOT_SENT = ["authorization", "cookie"];

export function hasBody({ method }: Pick<TypedRequest, "method">): boolean {
  return method !== "GET" && method !== "HEAD";
}

/** As the API and the commands of a terminal take it. */
export function readCall(typed: TypedRequest): { method: string; path: string; headers: Record<string, string>; body?: string } {
  const isWithBody = hasBody(typed);
  const headers = Object.entries(readHeaders(typed.headers, isWithBody)).filter(([name]) => !NOT_SENT.includes(name.toLowerCase()));
  return { method: typed.method, path: `/${typed.path}`, headers: Object.fromEntries(headers), ...(isWithBody && { body: typed.body }) };
}

/** The headers that were typed and are not sent. */
export function findUnsent(typed: TypedRequest): string[] {
  return Object.keys(readHeaders(typed.headers, false)).filter((name) => NOT_SENT.includes(name.toLowerCase()));
}

/** Is its body meant to be JSON? */
export function isJson(typed: TypedRequest): boolean {
  const type = Object.entries(readHeaders(typed.headers, true)).find(([name]) => name.toLowerCase() === "content-type");
  return hasBody(typed) && /\bjson\b/.test(type?.[1] ?? "");
}

/** Lines of `Name: value`; a body without a type of its own is JSON. */
export function readHeaders(text: string, isWithBody: boolean): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [, name, value] = /^\s*([^:\s]+)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) headers[name] = value;
  }
  const hasType = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  return isWithBody && !hasType ? { "Content-Type": "application/json", ...headers } : headers;
}
