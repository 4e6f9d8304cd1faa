/** One service, from its files to its answers, on one page. This file joins the panes; each has its own. */
import { noop, useQuery } from "@tanstack/react-query";
import { useReducer } from "react";
import { useParams, useSearchParams } from "react-router";
import { fileList } from "@/api/files";
import { queryClient } from "@/api/query-client";
import { serviceDetail } from "@/api/services";
import type { Service } from "@/api/types";
import { ProblemPanel } from "@/components/ProblemPanel";
import { describeStatus } from "@/components/StatusChip";
import { Title } from "@/components/Title";
import { useKey } from "@/components/use-key";
import { CommitBar } from "./CommitBar";
import { Console } from "./console/Console";
import { DeployStrip } from "./DeployStrip";
import { NO_DRAFTS, reduceDrafts } from "./drafts";
import { EditorPane } from "./editor/EditorPane";
import { FileTree } from "./FileTree";
import { Tabs } from "./Tabs";
import { useCommit } from "./use-commit";
import { useFiles } from "./use-files";
import { WorkspaceHead } from "./WorkspaceHead";
import styles from "./WorkspacePage.module.css";

export function loader({ params: { slug = "", service = "" } }: { params: { slug?: string; service?: string } }) {
  void queryClient.query(serviceDetail(slug, service)).catch(noop);
  void queryClient.query(fileList(slug, service)).catch(noop);
  return null;
}

export function Component() {
  const { slug = "", service: name = "" } = useParams();
  const { data: service, error, refetch } = useQuery(serviceDetail(slug, name));
  if (service !== undefined) return <Workspace key={`${slug}/${name}`} slug={slug} service={service} />;
  return error && <ProblemPanel error={error} onRetry={() => void refetch()} />;
}

function Workspace({ slug, service }: { slug: string; service: Service }) {
  const [search, setSearch] = useSearchParams();
  const [drafts, dispatch] = useReducer(reduceDrafts, NO_DRAFTS);
  const { base, paths, file, error } = useFiles(slug, service.name, drafts, search.get("file"));
  const commit = useCommit({ slug, service }, drafts, dispatch);
  const unsaved = Object.keys(drafts.texts);
  const open = (path: string) => { setSearch({ file: path }, { replace: true }); };
  const save = (message?: string) => {
    if (unsaved.length > 0 && !commit.isPending) commit.mutate(message ? { message } : {});
  };
  useKey("Mod+s", save);
  return (
    <div className={styles.workspace}>
      <Title>{`${service.name} · ${describeStatus(service)}`}</Title>
      <WorkspaceHead slug={slug} service={service} />
      <DeployStrip release={service.release} />
      <FileTree paths={paths} active={file?.path ?? null} unsaved={unsaved} onOpen={open} />
      <section aria-label="Editor" className={styles.editor}>
        <Tabs active={file?.path ?? null} paths={paths} unsaved={unsaved} onOpen={open} />
        {error && <ProblemPanel error={error} />}
        {file && base !== undefined && (
          <EditorPane
            file={file}
            problems={[]}
            onChange={(text) => { dispatch({ type: "edit", path: file.path, text, saved: file.saved ?? null, base }); }}
          />
        )}
        <CommitBar commit={commit} count={unsaved.length} onSave={save} />
      </section>
      <Console slug={slug} service={service} />
    </div>
  );
}
