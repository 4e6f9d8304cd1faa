/** Making the controller look again, and what it has done of late. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";
import type { ConfirmedPrune, Reconciliation } from "./schema";

const LATEST = 50;

/** The newest releases of all services. */
export const latestReleases = (slug: string) =>
  queryOptions({
    queryKey: ["tenants", slug, "releases", "latest"],
    queryFn: ({ signal }) =>
      read(
        client.GET("/api/v1/tenants/{slug}/releases", { params: { path: { slug }, query: { limit: LATEST } }, signal }),
      ),
  });

/** Look at a service now, or at all of them; one that has failed is tried again. */
export function reconcile(slug: string, service?: string): Promise<Reconciliation> {
  if (service === undefined) return read(client.POST("/api/v1/tenants/{slug}/reconcile", { params: { path: { slug } } }));
  return read(
    client.POST("/api/v1/tenants/{slug}/services/{service}/reconcile", { params: { path: { slug, service } } }),
  );
}

/** The services that are gone at a commit may be removed. */
export function confirmPrune(slug: string, commit: string): Promise<ConfirmedPrune> {
  return read(client.POST("/api/v1/tenants/{slug}/prune", { params: { path: { slug } }, body: { commit } }));
}
