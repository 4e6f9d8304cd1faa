/** Several changes of files as one commit, and what the server would say to it. */
import { client, read } from "./client";
import type { ChangesLanding, Checked, Draft } from "./schema";

/** One commit. Throws ApiProblem: 409 with `sides` where others have changed the same lines, 422 with problems. */
export function commitChanges(slug: string, draft: Draft): Promise<ChangesLanding> {
  return read(client.POST("/api/v1/tenants/{slug}/changes", { params: { path: { slug } }, body: draft }));
}

/** One commit that takes back another. Throws ApiProblem: 409 with `sides` where others have changed the same lines. */
export function revertCommit(slug: string, sha: string): Promise<ChangesLanding> {
  return read(client.POST("/api/v1/tenants/{slug}/commits/{sha}/revert", { params: { path: { slug, sha } } }));
}

/** The problems of a draft, without a commit. */
export function checkChanges(slug: string, draft: Draft, signal: AbortSignal): Promise<Checked> {
  return read(client.POST("/api/v1/tenants/{slug}/check", { params: { path: { slug } }, body: draft, signal }));
}
