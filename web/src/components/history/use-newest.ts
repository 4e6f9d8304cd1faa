/** Releases as a list had them, with what events have said of them since. */
import { useQueries } from "@tanstack/react-query";
import { releaseDetail } from "@/api/releases";
import type { PastRelease, Release } from "@/api/schema";

export function useNewest(slug: string, known: readonly PastRelease[]): PastRelease[] {
  const heard = useQueries({
    // Nothing is asked for: events put releases there.
    queries: known.map(({ service, commit }) => ({ ...releaseDetail(slug, service, commit), enabled: false })),
  });
  return known.map((release, index) => join(release, heard[index]?.data));
}

/** What has reached more stages, or has come to an end, is newer. */
function join(known: PastRelease, heard: Release | undefined): PastRelease {
  if (heard === undefined) return known;
  const steps = (release: Release) => Object.keys(release.stages).length + (release.state === "pending" ? 0 : 0.5);
  return steps(heard) >= steps(known) ? { ...heard, liveUntil: known.liveUntil } : known;
}
