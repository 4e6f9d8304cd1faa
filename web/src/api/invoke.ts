/** Calling a service through the platform. */
import { client, read } from "./client";
import type { Invocation, ServiceCall } from "./schema";

export function invoke(slug: string, service: string, call: ServiceCall): Promise<Invocation> {
  return read(
    client.POST("/api/v1/tenants/{slug}/services/{service}/invoke", {
      params: { path: { slug, service } },
      body: call,
    }),
  );
}
