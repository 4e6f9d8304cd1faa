/** One's own sessions: where one is signed in, and an end to it. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";
import type { Nothing } from "./schema";

export const sessionList = queryOptions({
  queryKey: ["sessions"],
  queryFn: ({ signal }) => read(client.GET("/api/v1/session/all", { signal })),
});

export async function endSession(id: string): Promise<void> {
  await read<Nothing | undefined>(client.DELETE("/api/v1/session/all/{id}", { params: { path: { id } } }));
}

/** All but this one. */
export async function endOtherSessions(): Promise<void> {
  await read<Nothing | undefined>(client.DELETE("/api/v1/session/all"));
}
