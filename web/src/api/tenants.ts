/** Tenants: those that there are, what there is to know of one, and a new one. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";
import type { NewTenant, Tenant } from "./schema";

export const tenantList = queryOptions({
  queryKey: ["tenant-list"],
  queryFn: ({ signal }) => read(client.GET("/api/v1/tenants", { signal })),
});

export const tenantDetail = (slug: string) =>
  queryOptions({
    queryKey: ["tenants", slug, "about"],
    queryFn: ({ signal }) =>
      read(client.GET("/api/v1/tenants/{slug}", { params: { path: { slug } }, signal })),
  });

/** A new tenant with the template's repository; `owner` is the address of the user who becomes its admin. */
export function createTenant(tenant: NewTenant): Promise<Tenant> {
  return read(client.POST("/api/v1/tenants", { body: tenant }));
}
