/** Every address of the pages, in one place: the patterns that the router knows and the functions that fill them in. */

export const patterns = {
  home: "/",
  login: "/login",
  signIn: "/sign-in",
  account: "/account",
  admin: "/admin/:tab?",
  tenant: "/t/:slug",
  settings: "/t/:slug/settings/:tab?",
  service: "/t/:slug/s/:service",
  files: "/t/:slug/s/:service/files/*",
  history: "/t/:slug/history",
  commit: "/t/:slug/commit/:sha",
  compare: "/t/:slug/compare/:span",
  sync: "/t/:slug/sync",
  oldFiles: "/filesystem/:service/*",
  oldView: "/fileview/:service/*",
  oldEdit: "/fileedit/:service/*",
} as const;

const join = (...parts: string[]) => "/" + parts.map(encodeURIComponent).join("/");

/** The sign-in page, and where to go after it. */
export function login(next?: string): string {
  return next && next !== "/" ? `/login?${new URLSearchParams({ next }).toString()}` : "/login";
}

/** The services of a tenant: its home. */
export function services(slug: string): string {
  return join("t", slug);
}

/** A service's workspace, with a file open and at a line if one is named. */
export function service(slug: string, name: string, file?: string, line?: number): string {
  const hash = line === undefined ? "" : `#L${line}`;
  return join("t", slug, "s", name) + (file ? `?${new URLSearchParams({ file }).toString()}` : "") + hash;
}

/** A service's workspace with a tab of its drawer: `logs`, `resources`. */
export function drawer(slug: string, name: string, tab: string): string {
  return join("t", slug, "s", name) + `?${new URLSearchParams({ tab }).toString()}`;
}

/** The settings of a tenant; without a tab, what is said of it in general. */
export function settings(slug: string, tab?: string): string {
  return join("t", slug, "settings", ...(tab === undefined ? [] : [tab]));
}

/** The operators' pages; without a tab, the tenants. */
export function admin(tab?: string): string {
  return join("admin", ...(tab === undefined ? [] : [tab]));
}

/** The commits of a tenant, or those of one service. */
export function history(slug: string, of?: string): string {
  return join("t", slug, "history") + (of === undefined ? "" : `?${new URLSearchParams({ service: of }).toString()}`);
}

/** One commit. */
export function commit(slug: string, sha: string): string {
  return join("t", slug, "commit", sha);
}

/** What two commits differ in. */
export function compare(slug: string, base: string, head: string): string {
  return join("t", slug, "compare", `${base}...${head}`);
}

/** What is wanted of a tenant, and what is live. */
export function sync(slug: string): string {
  return join("t", slug, "sync");
}

/** Where in a file, and of which commit; without one, as it is now. */
export interface FilePlace {
  ref?: string | undefined;
  line?: number | undefined;
  lastLine?: number | undefined;
}

/** A file of a service for reading, or a directory; `file` is below the service. */
export function file(slug: string, name: string, file: string, { ref, line, lastLine }: FilePlace = {}): string {
  const parts = file === "" ? [] : file.split("/");
  const at = ref === undefined ? "" : `@${ref}`;
  const end = lastLine === undefined || lastLine === line ? "" : `-L${lastLine}`;
  return join("t", slug, "s", name, "files") + "/" + parts.map(encodeURIComponent).join("/") + at + (line === undefined ? "" : `#L${line}${end}`);
}

/** A file's address taken apart again: what is behind `files/`, and behind the `#`. */
export function readFile(rest: string, hash: string): { path: string } & FilePlace {
  const [, path = "", ref] = /^(.*?)(?:@([0-9a-f]{7,40}))?$/s.exec(rest) ?? [];
  const [, line, lastLine] = /^#L(\d+)(?:-L(\d+))?$/.exec(hash) ?? [];
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  return { path: path.replace(/\/$/, ""), ref, line: number(line), lastLine: number(lastLine) };
}

/** A path that somebody else has put into an address: only our own pages, never another site. */
export function ownPath(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) ? next : "/";
}
