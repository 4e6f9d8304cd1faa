/** Calling a service through the platform, and what it said while it answered. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";
import type { Invocation, LogLine, ServiceCall } from "./schema";

export function invoke(slug: string, service: string, call: ServiceCall): Promise<Invocation> {
  return read(
    client.POST("/api/v1/tenants/{slug}/services/{service}/invoke", {
      params: { path: { slug, service } },
      body: call,
    }),
  );
}

/** The log lines of one request. They are written before the answer is, and gathered a moment later. */
export const requestLog = (slug: string, service: string, requestId: string) =>
  queryOptions({
    queryKey: ["tenants", slug, "services", service, "log", requestId],
    queryFn: async ({ signal }) => {
      const text = await read(
        client.GET("/api/v1/tenants/{slug}/services/{service}/logs", {
          params: { path: { slug, service }, query: { requestId, tail: 200 } },
          parseAs: "text",
          signal,
        }),
      );
      return readLines(text);
    },
    staleTime: Infinity,
  });

/** Lines of JSON. */
export function readLines(text: string): LogLine[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LogLine);
}
