/** The pods of a service: what runs of it. Events of its releases, and of what others change of it, make them old. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";

export const podList = (slug: string, service: string) =>
  queryOptions({
    queryKey: podsKey(slug, service),
    queryFn: ({ signal }) =>
      read(
        client.GET("/api/v1/tenants/{slug}/services/{service}/pods", { params: { path: { slug, service } }, signal }),
      ),
    staleTime: 0,
  });

export function podsKey(slug: string, service: string): string[] {
  return ["tenants", slug, "services", service, "pods"];
}
