/** What the server would say to the drafts: the check of a push, while one types. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { checkChanges } from "@/api/changes";
import type { ProblemEntry, Service } from "@/api/schema";
import { useDebounced } from "@/components/use-debounced";
import type { Drafts } from "./drafts";
import { writeOperations } from "./operations";

const QUIET = 400; // milliseconds without a key
const NONE: ProblemEntry[] = [];

export function useProblems(slug: string, service: Service, drafts: Drafts): ProblemEntry[] {
  const { texts, pinned } = useDebounced(drafts, QUIET);
  const { data } = useQuery({
    queryKey: ["tenants", slug, "check", pinned, texts],
    queryFn: ({ signal }) => checkChanges(slug, { base: pinned, ops: writeOperations(service, texts) }, signal),
    enabled: pinned !== null,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 0,
  });
  return drafts.pinned === null ? NONE : (data?.problems ?? NONE);
}
