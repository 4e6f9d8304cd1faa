/** Several changes of files as one commit, and what the server would say to it. */
import { client, read } from "./client";
import type { Change, Judged, Landed } from "./types";

/** What to change, on top of which commit. Paths are relative to the repository. */
export interface Draft {
  base: string;
  message?: string;
  ops: Change[];
}

/** One commit. Throws ApiProblem: 409 with `sides` where others have changed the same lines, 422 with problems. */
export function commitChanges(slug: string, draft: Draft): Promise<Landed> {
  return read<Landed>(client.POST("/api/v1/tenants/{slug}/changes", { params: { path: { slug } }, body: draft }));
}

/** The problems of a draft, without a commit. */
export function checkChanges(slug: string, draft: Draft, signal: AbortSignal): Promise<Judged> {
  return read<Judged>(client.POST("/api/v1/tenants/{slug}/check", { params: { path: { slug } }, body: draft, signal }));
}
