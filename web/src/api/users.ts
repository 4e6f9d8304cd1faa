/** Users of the platform, as an operator sees and changes them. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";
import type { CreatedUser, SignInLink, User, UserDraft, UserPatch } from "./schema";

const A_DAY = 86_400; // seconds

export const userList = queryOptions({
  queryKey: ["users"],
  queryFn: ({ signal }) => read(client.GET("/api/v1/users", { signal })),
});

export function createUser(user: UserDraft): Promise<CreatedUser> {
  return read(client.POST("/api/v1/users", { body: user }));
}

export function changeUser(id: string, change: UserPatch): Promise<User> {
  return read(client.PATCH("/api/v1/users/{id}", { params: { path: { id } }, body: change }));
}

/** An address that signs this user in once, to choose a password; the one from before is worthless. */
export function createSignInLink(id: string): Promise<SignInLink> {
  return read(client.POST("/api/v1/users/{id}/link", { params: { path: { id } }, body: { expiresIn: A_DAY } }));
}
