/** The commits of main: what has changed, by whom and when. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";

const PAGE = 30;

/** The newest commits, of one service if it is named. */
export const commitList = (slug: string, service?: string) =>
  queryOptions({
    queryKey: ["tenants", slug, "commits", service ?? "all"],
    queryFn: ({ signal }) =>
      read(
        client.GET("/api/v1/tenants/{slug}/commits", {
          params: { path: { slug }, query: { limit: PAGE, ...(service && { service }) } },
          signal,
        }),
      ),
  });
