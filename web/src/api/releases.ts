/** Releases: how far a revision of a service has come. Events keep them current. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";
import { releaseKey } from "./events/apply";

export const releaseDetail = (slug: string, service: string, commit: string) =>
  queryOptions({
    queryKey: releaseKey(slug, { service, commit }),
    queryFn: ({ signal }) =>
      read(
        client.GET("/api/v1/tenants/{slug}/releases/{release}", {
          params: { path: { slug, release: `${service}@${commit}` } },
          signal,
        }),
      ),
  });
