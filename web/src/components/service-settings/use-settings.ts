/** A service.yaml as it is committed, what has been changed of it here, and the commit of that. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { checkChanges, commitChanges } from "@/api/changes";
import { putRelease } from "@/api/events/apply";
import { fileContent, fileList } from "@/api/files";
import type { Draft, Service } from "@/api/schema";
import { useToast } from "../Toasts";
import { useDebounced } from "../use-debounced";
import { NO_EDITS, applyEdits, describeEdits, withEdit, type Edits } from "./fields";
import { readYaml, type Path } from "./yaml-edit";

const FILE = "service.yaml";
const QUIET = 400; // milliseconds without a key

export function useSettings(slug: string, service: Service) {
  const [edits, setEdits] = useState<Edits>(NO_EDITS);
  const committed = useCommitted(slug, service);
  const found = committed.text === undefined ? null : readYaml(committed.text);
  const text = committed.text !== undefined && found ? applyEdits(committed.text, edits) : committed.text;
  const isChanged = edits.size > 0;
  const draft = { base: committed.base ?? null, ops: writeOperation(service, text ?? ""), message: describeEdits(service.name, edits) };
  return {
    ...committed,
    /** What is committed, and the same with the edits. */
    found,
    next: text === undefined ? null : readYaml(text),
    nextText: text,
    isChanged,
    problems: useCheck(slug, draft, isChanged),
    commit: useCommit(slug, service, draft, () => { setEdits(NO_EDITS); }),
    change: (path: Path, value: string | null) => { if (found) setEdits(withEdit(edits, found, path, value)); },
    discard: () => { setEdits(NO_EDITS); },
  };
}

function writeOperation(service: Service, content: string): Draft["ops"] {
  return [{ op: "put", path: service.path === "" ? FILE : `${service.path}/${FILE}`, content }];
}

function useCommitted(slug: string, service: Service) {
  const list = useQuery(fileList(slug, service.name));
  const entry = list.data?.items.find(({ path }) => path === FILE);
  const blob = { path: FILE, sha: entry?.sha ?? "", ref: list.data?.ref ?? "" };
  const content = useQuery({ ...fileContent(slug, service.name, blob), enabled: entry !== undefined, placeholderData: keepPreviousData });
  return { base: list.data?.ref, text: content.data?.content ?? undefined, error: list.error ?? content.error };
}

function useCheck(slug: string, draft: Draft, isChanged: boolean) {
  const settled = useDebounced(JSON.stringify(draft), QUIET);
  const { data } = useQuery({
    queryKey: ["tenants", slug, "check", settled],
    queryFn: ({ signal }) => checkChanges(slug, JSON.parse(settled) as Draft, signal),
    enabled: isChanged,
    staleTime: Infinity,
    gcTime: 0,
  });
  return isChanged ? (data?.problems ?? []) : [];
}

function useCommit(slug: string, service: Service, draft: Draft, onLanded: () => void) {
  const cache = useQueryClient();
  const toast = useToast();
  return useMutation({
    mutationFn: () => commitChanges(slug, draft),
    onSuccess: async ({ commit, releases }) => {
      for (const release of releases) putRelease(cache, slug, release);
      // Known before the edits go, so that no field shows for a moment what it was.
      const list = await cache.query(fileList(slug, service.name, commit.sha));
      const entry = list.items.find(({ path }) => path === FILE);
      if (entry) await cache.query(fileContent(slug, service.name, { ...entry, ref: commit.sha }));
      cache.setQueryData(fileList(slug, service.name).queryKey, list);
      onLanded();
      toast({ text: `Committed ${commit.sha.slice(0, 7)} ${commit.subject}` });
    },
  });
}
