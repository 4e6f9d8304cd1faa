/** What runs here, how its parts are, and which role may do what. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";
import type { Health } from "./schema";

export const permissionList = queryOptions({
  queryKey: ["roles"],
  queryFn: ({ signal }) => read(client.GET("/api/v1/roles", { signal })),
  staleTime: Infinity,
});

export const platformFacts = queryOptions({
  queryKey: ["platform", "facts"],
  queryFn: ({ signal }) => read(client.GET("/api/v1/platform", { signal })),
});

/** Also where the platform is not ready (503): then it says why. */
export const platformHealth = queryOptions({
  queryKey: ["platform", "health"],
  queryFn: async ({ signal }): Promise<Health> => {
    const { data, error, response } = await client.GET("/healthz", { signal });
    return data ?? (error as Health | undefined) ?? { status: "not ready", parts: [{ name: "api", ok: false, detail: `answers ${response.status}` }] };
  },
  staleTime: 0,
});
