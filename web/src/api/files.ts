/** The files of a service at a commit. A file's content is kept by its id in git, so it never becomes old. */
import { queryOptions } from "@tanstack/react-query";
import { client, read } from "./client";

/** At the head of main where `ref` is undefined; the answer says which commit that was. */
export const fileList = (slug: string, service: string, ref?: string) =>
  queryOptions({
    queryKey: ["tenants", slug, "services", service, "files", ref ?? "head"],
    queryFn: async ({ signal, client: cache }) => {
      const list = await read(
        client.GET("/api/v1/tenants/{slug}/services/{service}/files", {
          params: { path: { slug, service }, query: ref === undefined ? {} : { ref } },
          signal,
        }),
      );
      if (ref === undefined) cache.setQueryData(fileList(slug, service, list.ref).queryKey, list);
      return list;
    },
    staleTime: ref === undefined ? 60_000 : Infinity,
  });

/** A file of a service: where it is, and which version of it. */
export interface Blob {
  path: string;
  sha: string;
  ref: string;
}

export const fileContent = (slug: string, service: string, { path, sha, ref }: Blob) =>
  queryOptions({
    queryKey: ["tenants", slug, "blobs", service, path, sha],
    queryFn: ({ signal }) =>
      read(
        client.GET("/api/v1/tenants/{slug}/services/{service}/files/{path}", {
          params: { path: { slug, service, path }, query: { ref } },
          headers: { Accept: "application/json" },
          // A path keeps its slashes.
          pathSerializer: (pattern, values) =>
            pattern.replace(/\{(\w+)\}/g, (_, name: string) =>
              String(values[name]).split("/").map(encodeURIComponent).join("/"),
            ),
          signal,
        }),
      ),
    staleTime: Infinity,
  });
