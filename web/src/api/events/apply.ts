/** What an event changes of what has been read. Small objects are put in place; what they do not say is read again. */
import type { QueryClient } from "@tanstack/react-query";
import { podsKey } from "../pods";
import { isNotFound } from "../problems";
import { resourcesKey } from "../resources";
import { serviceDetail, serviceList } from "../services";
import type { Release, Service, TenantEvent } from "../schema";

export function applyEvent(cache: QueryClient, slug: string, event: TenantEvent): void {
  switch (event.event) {
    case "release.stage":
    case "release.finished":
      putRelease(cache, slug, event.data);
      void cache.invalidateQueries({ queryKey: podsKey(slug, event.data.service) });
      void cache.invalidateQueries({ queryKey: resourcesKey(slug, event.data.service) });
      break;
    case "commit.created":
      void cache.invalidateQueries({ queryKey: ["tenants", slug], predicate: isNoBlob });
      break;
    case "service.updated":
    case "service.deleted":
      void cache.invalidateQueries({ queryKey: ["tenants", slug, "services"] });
      break;
    case "reset":
      void cache.invalidateQueries({ queryKey: ["tenants", slug] });
      break;
  }
}

/** What git keeps under an id never changes. */
function isNoBlob(query: { queryKey: readonly unknown[] }): boolean {
  return query.queryKey[2] !== "blobs";
}

/** Puts the newest word on a release in its places; a word that came too late changes nothing. */
export function putRelease(cache: QueryClient, slug: string, release: Release): void {
  const known = cache.getQueryData<Release>(releaseKey(slug, release));
  if (known && Object.keys(known.stages).length > Object.keys(release.stages).length) return;
  const place = (service: Service) => (service.name === release.service ? withRelease(service, release) : service);
  cache.setQueryData(releaseKey(slug, release), release);
  cache.setQueryData(serviceList(slug).queryKey, (list) => list && { ...list, items: list.items.map(place) });
  const { queryKey } = serviceDetail(slug, release.service);
  // Of a service that is gone: whether it is back, only the server knows.
  if (isNotFound(cache.getQueryState(queryKey)?.error)) void cache.invalidateQueries({ queryKey });
  else cache.setQueryData(queryKey, (service) => service && place(service));
}

export function releaseKey(slug: string, release: { service: string; commit: string }): string[] {
  return ["tenants", slug, "releases", `${release.service}@${release.commit}`];
}

/** A service with the newest word on a release of it; an older release changes nothing but what is live. */
export function withRelease(service: Service, release: Release): Service {
  const isNewest = service.release === null || release.createdAt >= service.release.createdAt;
  const live = release.state === "live" ? { commit: release.commit, tree: release.tree } : service.live;
  if (!isNewest) return { ...service, live };
  const { state, reason, sentence, message, commit, tree, subject } = release;
  return { ...service, live, commit, tree, subject, release, status: { state, reason, sentence, message } };
}
