/** One service, from its files to its answers, on one page: what has to be read for it. */
import { noop, useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { fileList } from "@/api/files";
import { isNotFound } from "@/api/problems";
import { queryClient } from "@/api/query-client";
import { serviceDetail } from "@/api/services";
import { ProblemPanel } from "@/components/ProblemPanel";
import { readDrafts } from "./draft-store";
import { NoService } from "./NoService";
import { Workspace } from "./Workspace";

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
  if (service !== undefined && kept.data !== undefined) {
    return <Workspace key={`${slug}/${name}`} slug={slug} service={service} kept={kept.data} />;
  }
  if (isNotFound(error)) return <NoService slug={slug} name={name} />;
  return error && <ProblemPanel error={error} onRetry={() => void refetch()} />;
}
