/** One service, from its files to its answers, on one page: what has to be read for it. */
import { noop, useQuery } from "@tanstack/react-query";
import { Activity, Suspense, lazy } from "react";
import { useParams } from "react-router";
import { fileList } from "@/api/files";
import { isNotFound } from "@/api/problems";
import { queryClient } from "@/api/query-client";
import { serviceDetail } from "@/api/services";
import { ProblemPanel } from "@/components/ProblemPanel";
import { describeStatus } from "@/components/StatusChip";
import { Title } from "@/components/Title";
import { readDrafts } from "./draft-store";
import { Workspace } from "./Workspace";

const NoService = lazy(() => import("./NoService"));

export function loader({ params: { slug = "", service = "" } }: { params: { slug?: string; service?: string } }) {
  void queryClient.query(serviceDetail(slug, service)).catch(noop);
  void queryClient.query(fileList(slug, service)).catch(noop);
  return null;
}

export function Component() {
  const { slug = "", service: name = "" } = useParams();
  const { data: service, error, refetch } = useQuery(serviceDetail(slug, name));
  const kept = useQuery({
    queryKey: ["drafts", slug, name],
    queryFn: () => readDrafts(slug, name).catch(() => null),
    staleTime: Infinity,
    gcTime: 0,
  });
  const isGone = isNotFound(error);
  const opened = service !== undefined && kept.data !== undefined ? { service, kept: kept.data } : null;
  if (opened === null && !isGone) return error && <ProblemPanel error={error} onRetry={() => void refetch()} />;
  return (
    <>
      {isGone ? <Suspense><NoService slug={slug} name={name} /></Suspense> : opened && <Title>{`${name} · ${describeStatus(opened.service)}`}</Title>}
      {opened && (
        // One that has gone may come back, by an Undo that wants its drafts: till then the workspace rests unseen.
        <Activity key={`${slug}/${name}`} mode={isGone ? "hidden" : "visible"}>
          <Workspace slug={slug} {...opened} />
        </Activity>
      )}
    </>
  );
}
