/** The panes of a service, and what they share: the file that is open and the drafts. Each pane has its own file. */
import { lazy, Suspense, useMemo, useState } from "react";
import { useLocation, useNavigate, useSearchParams } from "react-router";
import type { Service } from "@/api/schema";
import { useAction } from "@/components/actions/registry";
import { commitCommands } from "@/components/copy-as/service-commands";
import type { Place } from "@/components/history/traceback";
import { usePreference } from "@/components/preferences";
import { ProblemPanel } from "@/components/ProblemPanel";
import { CommitBar } from "./CommitBar";
import { Console } from "./console/Console";
import { DeployStrip } from "./DeployStrip";
import { follow, type Move } from "./draft-moves";
import type { KeptDrafts } from "./draft-store";
import { Drawer } from "./drawer/Drawer";
import { EditorPane } from "./editor/EditorPane";
import { markProblems } from "./editor/marks";
import { FileTree } from "./FileTree";
import { Tabs } from "./Tabs";
import { wholePath } from "./operations";
import { isMerging, useCommit } from "./use-commit";
import { useDrafts } from "./use-drafts";
import { useFileChanges } from "./use-file-changes";
import { useFiles } from "./use-files";
import { useProblems } from "./use-problems";
import { useTabs } from "./use-tabs";
import { WorkspaceHead } from "./WorkspaceHead";
import styles from "./WorkspacePage.module.css";

const RestoredNote = lazy(() => import("./RestoredNote"));
const MergePanel = lazy(() => import("./merge/MergePanel").then((module) => ({ default: module.MergePanel })));

interface Props {
  slug: string;
  service: Service;
  kept: KeptDrafts | null;
}

export function Workspace({ slug, service, kept }: Props) {
  const [search, setSearch] = useSearchParams();
  const { hash, key } = useLocation();
  const navigate = useNavigate();
  const [drafts, dispatch] = useDrafts(slug, service.name, kept);
  const [isRestored, setRestored] = useState(kept !== null);
  const { base, entries, stale, paths, file, error } = useFiles(slug, service.name, drafts, search.get("file"));
  const problems = useProblems(slug, service, drafts);
  const whole = wholePath(service, file?.path ?? "");
  const marks = useMemo(() => markProblems(problems, whole), [problems, whole]);
  const commit = useCommit(slug, service, dispatch);
  const unsaved = Object.keys(drafts.texts);
  // Committed or discarded: what is typed from now on is of this visit.
  if (isRestored && unsaved.length === 0) setRestored(false);
  // The rest of the address is the log's.
  const openPath = (path: string) => { setSearch(withFile(search, path), { replace: true }); };
  const openPlace = ({ file: path, line }: Place) => {
    void navigate({ search: `?${withFile(search, path).toString()}`, hash: `L${line}` }, { replace: true });
  };
  const [asks, setAsks] = useState(false);
  const [isMessageWanted] = usePreference("ask-message");
  const save = (message?: string) => {
    if (isMessageWanted && message === undefined && unsaved.length > 0) {
      setAsks(true);
      return;
    }
    if (unsaved.length > 0 && !commit.isPending) commit.mutate({ texts: drafts.texts, base: drafts.pinned, message });
  };
  useAction({
    name: "Commit & deploy",
    keys: "Mod+s",
    commands: commitCommands(slug, service.name, unsaved.map((path) => wholePath(service, path))),
    run: save,
  });
  const edit = (path: string, text: string, saved: string | null) => {
    if (base !== undefined) dispatch({ type: "edit", path, text, saved, base });
  };
  const active = file?.path ?? null;
  const tabs = useTabs(active, paths);
  const onMove = (move: Move) => {
    tabs.move(move);
    // What the address names: under its old name it may be there no more, and another file be shown by now.
    const named = search.get("file") ?? active;
    const now = named === null ? null : follow(named, move);
    if (now !== null && now !== named) openPath(now);
  };
  const changes = useFileChanges({ slug, service, files: { base, entries }, stale, drafts, dispatch, onMove });
  const panes = { active, unsaved, onOpen: openPath };
  return (
    <div className={styles.workspace}>
      <WorkspaceHead slug={slug} service={service} />
      <DeployStrip release={service.release} paths={paths} onOpen={openPlace} />
      <FileTree
        {...panes}
        slug={slug}
        service={service}
        paths={paths}
        problems={problems}
        changes={changes}
        onCreate={(path) => { edit(path, "", null); openPath(path); }}
      />
      <section aria-label="Editor" className={styles.editor}>
        <Tabs {...panes} tabs={tabs} />
        {error && <ProblemPanel error={error} />}
        {file && (
          <EditorPane
            file={file}
            problems={marks}
            goTo={{ line: readLine(hash), key }}
            onChange={(text) => { edit(file.path, text, file.saved ?? null); }}
          />
        )}
        <CommitBar commit={commit} count={unsaved.length} asks={asks} onAsk={setAsks} onSave={save} />
        {kept && isRestored && <Suspense><RestoredNote at={kept.at} drafts={drafts} dispatch={dispatch} onKeep={() => { setRestored(false); }} /></Suspense>}
      </section>
      <Console slug={slug} service={service} />
      <Drawer slug={slug} service={service} paths={paths} problems={problems} onOpen={openPlace} />
      {isMerging(commit) && <Suspense><MergePanel drafts={drafts} commit={commit} dispatch={dispatch} /></Suspense>}
    </div>
  );
}

function withFile(search: URLSearchParams, path: string): URLSearchParams {
  const next = new URLSearchParams(search);
  next.set("file", path);
  return next;
}

function readLine(hash: string): number | null {
  const [, line] = /^#L(\d+)$/.exec(hash) ?? [];
  return line === undefined ? null : Number(line);
}
