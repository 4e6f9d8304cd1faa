/** The services of a tenant: reading them, making, removing and rolling one back. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";
import type { Landing, ReleaseLanding } from "./schema";

export const TEMPLATES = { blank: "Blank", api: "JSON API" } as const;
export type Template = keyof typeof TEMPLATES;

export const serviceList = (slug: string) =>
  queryOptions({
    queryKey: ["tenants", slug, "services"],
    queryFn: ({ signal }) =>
      read(client.GET("/api/v1/tenants/{slug}/services", { params: { path: { slug } }, signal })),
  });

export const serviceDetail = (slug: string, service: string) =>
  queryOptions({
    queryKey: ["tenants", slug, "services", service],
    queryFn: ({ signal }) =>
      read(
        client.GET("/api/v1/tenants/{slug}/services/{service}", { params: { path: { slug, service } }, signal }),
      ),
  });

export function createService(slug: string, name: string, template: Template): Promise<Landing> {
  return read(
    client.POST("/api/v1/tenants/{slug}/services", { params: { path: { slug } }, body: { name, template } }),
  );
}

export function deleteService(slug: string, service: string): Promise<Landing> {
  return read(
    client.DELETE("/api/v1/tenants/{slug}/services/{service}", { params: { path: { slug, service } } }),
  );
}

/** A new commit in which the service is as it was at `to`, or when it was live before. */
export function rollBack(slug: string, service: string, to?: string): Promise<ReleaseLanding> {
  return read(
    client.POST("/api/v1/tenants/{slug}/services/{service}/rollback", {
      params: { path: { slug, service } },
      body: to === undefined ? {} : { to },
    }),
  );
}
