/** The forms of files as the server judges them, for the editor. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";

/** JSON Schema of service.yaml. It is as old as the server. */
export const descriptorSchema = queryOptions({
  queryKey: ["schemas", "service.json"],
  queryFn: ({ signal }) => read(client.GET("/api/v1/schemas/service.json", { signal })),
  staleTime: Infinity,
});
