/** Every address of the pages, in one place: the patterns that the router knows and the functions that fill them in. */

export const patterns = {
  home: "/",
  login: "/login",
  signIn: "/sign-in",
  tenant: "/t/:slug",
  service: "/t/:slug/s/:service",
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

/** A path that somebody else has put into an address: only our own pages, never another site. */
export function ownPath(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) ? next : "/";
}
