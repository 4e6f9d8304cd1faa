/** Tenants: what there is to know of one. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";
import type { Tenant } from "./types";

export const tenantDetail = (slug: string) =>
  queryOptions({
    queryKey: ["tenants", slug, "about"],
    queryFn: ({ signal }) =>
      read<Tenant>(client.GET("/api/v1/tenants/{slug}", { params: { path: { slug } }, signal })),
  });
