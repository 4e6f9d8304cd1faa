/** Oneself: name and password. */
import { client, keepToken, read } from "./client";
import { queryClient } from "./query-client";
import type { OwnChange, Session } from "./schema";
import { session } from "./session";

/** A new password ends the session everywhere else; here it goes on as a new one. */
export async function changeSelf(change: OwnChange): Promise<Session> {
  const opened = keepToken(await read(client.PATCH("/api/v1/session", { body: change })));
  await queryClient.query({ ...session, staleTime: 0 });
  return opened;
}
