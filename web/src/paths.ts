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

/** The settings of a tenant; without a tab, what is said of it in general. */
export function settings(slug: string, tab?: string): string {
  return join("t", slug, "settings", ...(tab === undefined ? [] : [tab]));
}

/** The operators' pages; without a tab, the tenants. */
export function admin(tab?: string): string {
  return join("admin", ...(tab === undefined ? [] : [tab]));
}

/** A path that somebody else has put into an address: only our own pages, never another site. */
export function ownPath(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) ? next : "/";
}
