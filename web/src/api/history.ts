/** The history of a tenant: its commits with what became of each, and what two of them differ in. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";
import type { Via } from "./schema";

const PAGE = 40;

/** Which commits: each that is said has to be met. `path` is one of the repository. */
export interface HistoryFilter {
  service?: string;
  path?: string;
  author?: string;
  text?: string;
  via?: Via;
  failed?: boolean;
}

export const commitHistory = (slug: string, filter: HistoryFilter = {}) =>
  infiniteQueryOptions({
    queryKey: ["tenants", slug, "commits", "history", filter],
    queryFn: ({ signal, pageParam }) =>
      read(
        client.GET("/api/v1/tenants/{slug}/commits", {
          params: { path: { slug }, query: { ...filter, limit: PAGE, ...(pageParam && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
  });

export const commitDetail = (slug: string, sha: string) =>
  queryOptions({
    queryKey: ["tenants", slug, "commits", "one", sha],
    queryFn: ({ signal }) =>
      read(
        client.GET("/api/v1/tenants/{slug}/commits/{ref}", { params: { path: { slug, ref: sha } }, signal }),
      ),
  });

/** From `base` to `head`; without a base, all of the head. Two commits never change, so it is read once. */
export const comparison = (slug: string, base: string | undefined, head: string) =>
  queryOptions({
    queryKey: ["tenants", slug, "blobs", "compare", base ?? "", head],
    queryFn: ({ signal }) =>
      read(
        client.GET("/api/v1/tenants/{slug}/compare/{span}", {
          params: { path: { slug, span: `${base ?? ""}...${head}` } },
          signal,
        }),
      ),
    staleTime: Infinity,
  });
