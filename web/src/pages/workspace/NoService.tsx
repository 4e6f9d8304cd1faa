import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "react-router";
import { commitChanges } from "@/api/changes";
import { ApiProblem } from "@/api/problems";
import { createService, serviceList } from "@/api/services";
import { Empty } from "@/components/Empty";
import { NAME } from "@/components/name-rule";
import { findNearest } from "@/components/nearest";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Title } from "@/components/Title";
import { useRights } from "@/components/use-rights";
import * as paths from "@/paths";
import { readDrafts } from "./draft-store";

/** A service that there is not (any more), the one that may have been meant, and what was typed here for it. */
export default function NoService({ slug, name }: { slug: string; name: string }) {
  const cache = useQueryClient();
  const { mayCommit } = useRights(slug);
  const list = serviceList(slug);
  const near = findNearest(name, useQuery(list).data?.items.map((service) => service.name) ?? []);
  const creating = useMutation({
    mutationFn: () => create(slug, name),
    onSuccess: () => cache.invalidateQueries({ queryKey: list.queryKey }),
  });
  return (
    <Empty isPage title={`There is no service ${name} in ${slug}`}>
      <Title>Not found</Title>
      {near !== undefined && <p>Did you mean <Link to={paths.service(slug, near)}>{near}</Link>?</p>}
      <KeptNote slug={slug} name={name} />
      <p>One that was deleted is in <Link to={paths.history(slug, name)}>its history</Link>, and comes back from there.</p>
      {creating.error && <ProblemPanel error={creating.error} />}
      {mayCommit && NAME.test(name) && <p><button onClick={() => { creating.mutate(); }} disabled={creating.isPending}>Create it</button></p>}
      <p><Link to={paths.services(slug)}>All services</Link></p>
    </Empty>
  );
}

function KeptNote({ slug, name }: { slug: string; name: string }) {
  const { data: kept } = useQuery({
    queryKey: ["left-drafts", slug, name],
    queryFn: () => readDrafts(slug, name).catch(() => null),
    staleTime: 0,
    gcTime: 0,
    networkMode: "always",
  });
  const files = Object.keys(kept?.texts ?? {});
  return files.length > 0 && <p role="status">What you have not saved in {files.join(", ")} is kept in this browser, and is here again when {name} is.</p>;
}

/** With the template's files; where others of that directory are left, those and a service.yaml. */
async function create(slug: string, name: string): Promise<void> {
  try {
    await createService(slug, name, "blank");
  } catch (error) {
    if (!(error instanceof ApiProblem && error.slug === "name-taken")) throw error;
    const op = { op: "put" as const, path: `${name}/service.yaml`, content: "public: false\n" };
    await commitChanges(slug, { base: error.problem.head ?? null, ops: [op], message: `Make ${name} a service again` });
  }
}
