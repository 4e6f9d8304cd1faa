/** Files of a service as the repository has them: paths, and drafts as the operations of a commit. Pure. */
import type { Draft, Service } from "@/api/schema";
import type { Texts } from "./drafts";

/** A path below the service as the repository has it. */
export function wholePath(service: Pick<Service, "path">, path: string): string {
  return service.path === "" ? path : `${service.path}/${path}`;
}

/** A path of the repository as the service has it. */
export function relativePath(service: Pick<Service, "path">, path: string): string {
  return service.path !== "" && path.startsWith(`${service.path}/`) ? path.slice(service.path.length + 1) : path;
}

/** `bases`: the commits that single files were changed on, where it is not that of the rest. */
export function writeOperations(service: Pick<Service, "path">, texts: Texts, bases: Texts = {}): Draft["ops"] {
  return Object.entries(texts).map(([path, content]) => {
    const base = bases[path];
    return { op: "put", path: wholePath(service, path), content, ...(base === undefined ? {} : { base }) };
  });
}
