/** The tenant that was last open in this browser. */
const KEY = "paaks.tenant";

export function readLastTenant(): string | null {
  return localStorage.getItem(KEY);
}

export function keepLastTenant(slug: string): void {
  localStorage.setItem(KEY, slug);
}
