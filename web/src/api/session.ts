/** Signing in and out, and who is signed in. */
import { queryOptions } from "@tanstack/react-query";
import { client, keepToken, read } from "./client";
import { queryClient, sessionEnded } from "./query-client";
import type { Session } from "./types";

export const session = queryOptions({
  queryKey: ["session"],
  queryFn: async () => keepToken(await read<Session>(client.GET("/api/v1/session"))),
  staleTime: Infinity,
});

/** With an address and a password, or with the code of a one-time link. */
export async function signIn(by: { email: string; password: string } | { code: string }): Promise<Session> {
  const opened = keepToken(await read<Session>(client.POST("/api/v1/session", { body: by })));
  queryClient.setQueryData(session.queryKey, opened);
  queryClient.setQueryData(sessionEnded.queryKey, false);
  return opened;
}

/** Ends the session, and forgets everything that was read in it. */
export async function signOut(): Promise<void> {
  await read(client.DELETE("/api/v1/session"));
  queryClient.clear();
}
