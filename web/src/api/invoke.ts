/** Calling a service through the platform, and what it said while it answered. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";
import type { LogLine, Reply } from "./types";

export interface Call {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export function invoke(slug: string, service: string, call: Call): Promise<Reply> {
  return read<Reply>(
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
      const text = await read<string>(
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
