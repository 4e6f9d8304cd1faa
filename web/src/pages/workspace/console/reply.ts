/** What a service has answered, as people look at it. Pure. */
import type { Invocation } from "@/api/schema";

/** Nothing of it is ever run: `html` is its source, and an `image` is one of points. */
export type ReplyKind = "json" | "html" | "text" | "image" | "binary";

const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon"];

/** Its media type, without parameters. */
export function readType({ headers }: Pick<Invocation, "headers">): string {
  return (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

export function findKind(reply: Pick<Invocation, "headers" | "bodyBase64" | "truncated">): ReplyKind {
  const type = readType(reply);
  if (reply.bodyBase64 !== undefined) return IMAGES.includes(type) && !reply.truncated ? "image" : "binary";
  if (/\bjson\b/.test(type)) return "json";
  return type === "text/html" || type === "application/xhtml+xml" ? "html" : "text";
}

/** How many bytes the body has. */
export function measure({ body = "", bodyBase64 }: Pick<Invocation, "body" | "bodyBase64">): number {
  if (bodyBase64 === undefined) return new TextEncoder().encode(body).length;
  return (bodyBase64.length * 3) / 4 - (/=*$/.exec(bodyBase64)?.[0].length ?? 0);
}

/** JSON, indented; as it came where it is none. */
export function indent(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

/** `61 B`, `4.2 kB`, `1.3 MB`. */
export function saySize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 999_950 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
