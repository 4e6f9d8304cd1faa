/** One's own personal access tokens. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";
import type { CreatedPersonalToken, NewToken, Nothing, Scope } from "./schema";

/** What each scope lets a token do. */
export const SCOPES: Record<Scope, string> = {
  read: "see everything of the tenant, and fetch",
  write: "commit and push",
  invoke: "call private services",
  admin: "members, and other tokens",
};

export const tokenList = queryOptions({
  queryKey: ["tokens"],
  queryFn: ({ signal }) => read(client.GET("/api/v1/tokens", { signal })),
});

/** A new token; its text is in this answer and nowhere else. */
export function createToken(token: NewToken): Promise<CreatedPersonalToken> {
  return read(client.POST("/api/v1/tokens", { body: token }));
}

export async function revokeToken(id: string): Promise<void> {
  await read<Nothing | undefined>(client.DELETE("/api/v1/tokens/{id}", { params: { path: { id } } }));
}
