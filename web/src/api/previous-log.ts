/** What the processes before the running ones have said. It has ended: it is read once, when it is asked for. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";
import { MOST_LINES, type NumberedLine } from "./logs";
import type { LogLine } from "./schema";

export const previousLog = (slug: string, service: string) =>
  queryOptions({
    queryKey: ["tenants", slug, "services", service, "previous-log"],
    queryFn: async ({ signal }) => {
      const params = { path: { slug, service }, query: { previous: true, tail: MOST_LINES } };
      return readLines(await read(client.GET("/api/v1/tenants/{slug}/services/{service}/logs", { params, parseAs: "text", signal })));
    },
    staleTime: 0,
    gcTime: 0,
  });

/** The pod that answers for a process may have come after it: its commit is not known. No text where nothing was said. */
function readLines(text = ""): NumberedLine[] {
  return text.split("\n").filter((line) => line !== "").map((line, id) => ({ ...(JSON.parse(line) as LogLine), id, commit: null }));
}
