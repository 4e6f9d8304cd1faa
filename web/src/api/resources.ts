/** What the cluster holds of a service, and what main says of it. Events of the service make it old. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";

export const resourceList = (slug: string, service: string) =>
  queryOptions({
    queryKey: resourcesKey(slug, service),
    queryFn: ({ signal }) =>
      read(
        client.GET("/api/v1/tenants/{slug}/services/{service}/resources", {
          params: { path: { slug, service } },
          signal,
        }),
      ),
    staleTime: 0,
  });

export function resourcesKey(slug: string, service: string): string[] {
  return ["tenants", slug, "services", service, "resources"];
}
