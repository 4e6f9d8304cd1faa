/** What was typed into the console, as a request. Pure. */

/** Lines of `Name: value`; a body without a type of its own is JSON. */
export function readHeaders(text: string, hasBody: boolean): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [, name, value] = /^\s*([^:\s]+)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) headers[name] = value;
  }
  const hasType = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  return hasBody && !hasType ? { "Content-Type": "application/json", ...headers } : headers;
}

/** A body as people read it: JSON is indented, everything else is as it came. */
export function prettify(body: string, type: string): string {
  if (!/\bjson\b/.test(type)) return body;
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

/** `61 B`, `4.2 kB`. */
export function saySize(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`;
}
