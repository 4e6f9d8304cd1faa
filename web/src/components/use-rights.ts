/** What the person who is signed in may do in a tenant, as far as the pages offer it; the server judges each request. */
import { useQuery } from "@tanstack/react-query";
import type { Role } from "@/api/schema";
import { session } from "@/api/session";

export interface Rights {
  role: Role | null;
  isOperator: boolean;
  /** Members, and their roles. */
  mayManage: boolean;
  /** Change files, roll back, reconcile. */
  mayCommit: boolean;
}

export function useRights(slug: string): Rights {
  const { data } = useQuery(session);
  const role = data?.tenants.find((tenant) => tenant.slug === slug)?.role ?? null;
  const isOperator = data?.user.operator ?? false;
  return { role, isOperator, mayManage: role === "admin" || isOperator, mayCommit: role === "admin" || role === "developer" };
}
