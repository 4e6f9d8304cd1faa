/** Signing in and out, and who is signed in. */
import { queryOptions } from "@tanstack/react-query";
import { client, keepToken, read } from "./client";
import { queryClient, sessionEnded } from "./query-client";
import type { Session } from "./schema";

export const session = queryOptions({
  queryKey: ["session"],
  queryFn: async () => keepToken(await read(client.GET("/api/v1/session"))),
  staleTime: Infinity,
});

/** How the names in localStorage begin, of what goes with the session. */
export const KEPT_UNTIL_SIGN_OUT = "paaks.console.";

/** With an address and a password, or with the code of a one-time link and, where one is chosen, a new password. */
export async function signIn(by: { email: string; password: string } | { code: string; password?: string }): Promise<Session> {
  const opened = keepToken(await read(client.POST("/api/v1/session", { body: by })));
  await queryClient.query({ ...session, staleTime: 0 });
  queryClient.setQueryData(sessionEnded.queryKey, false);
  return opened;
}

/** Ends the session, and forgets everything that was read in it. */
export async function signOut(): Promise<void> {
  await read(client.DELETE("/api/v1/session"));
  queryClient.clear();
  for (const name of Object.keys(localStorage)) if (name.startsWith(KEPT_UNTIL_SIGN_OUT)) localStorage.removeItem(name);
  // Drafts too: the browser may be somebody else's next.
  for (const { name } of await indexedDB.databases()) if (name !== undefined) indexedDB.deleteDatabase(name);
}
