/** Who has which role in a tenant. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";
import type { Member, NewMember, Nothing, Role } from "./schema";

export const ROLES = ["viewer", "developer", "admin"] as const satisfies readonly Role[];

export const memberList = (slug: string) =>
  queryOptions({
    queryKey: ["tenants", slug, "members"],
    queryFn: ({ signal }) => read(client.GET("/api/v1/tenants/{slug}/members", { params: { path: { slug } }, signal })),
  });

/** Gives a role to the user with this address. */
export function addMember(slug: string, member: NewMember): Promise<Member> {
  return read(client.POST("/api/v1/tenants/{slug}/members", { params: { path: { slug } }, body: member }));
}

export function setRole(slug: string, userId: string, role: Role): Promise<Member> {
  return read(client.PUT("/api/v1/tenants/{slug}/members/{userId}", { params: { path: { slug, userId } }, body: { role } }));
}

/** Takes a member's role away. */
export async function removeMember(slug: string, userId: string): Promise<void> {
  await read<Nothing | undefined>(
    client.DELETE("/api/v1/tenants/{slug}/members/{userId}", { params: { path: { slug, userId } } }),
  );
}
