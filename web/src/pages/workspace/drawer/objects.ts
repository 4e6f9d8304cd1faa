/** Objects of the cluster in words. Pure. */
import type { Resource, ResourceState } from "@/api/schema";
import { LOOKS, type Look } from "./pods";

export const OBJECT_LOOKS: Record<ResourceState, Look> = { ...LOOKS, missing: { sign: "○", word: "Missing" } };

/** `Deployment/hello`: what an object is known by within its service. */
export function keyOf({ kind, name }: Resource): string {
  return `${kind}/${name}`;
}

/** What an object has made. */
export function findChildren(all: readonly Resource[], parent: Resource | null): Resource[] {
  const keys = new Set(all.map(keyOf));
  const key = parent && keyOf(parent);
  // One whose parent is gone stands for itself.
  return all.filter((one) => (one.parent !== null && keys.has(one.parent) ? one.parent : null) === key);
}

/** How an object is not as main says it, and by whom; null where it is, or where main does not say it. */
export function sayDifference({ live, desired, patch, applied, differences }: Resource): string | null {
  if (desired === null) return null;
  if (live === null) return "not on the cluster";
  if (!patch && differences.length === 0) return null;
  const managers = [...new Set(differences.flatMap(({ manager }) => manager ?? []))];
  if (managers.length > 0) return `changed by ${managers.join(", ")}`;
  return applied ? "not as main says" : "not applied yet";
}
