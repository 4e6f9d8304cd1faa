/** The pane with the files of a service: the tree, and what can be done with what is in it. The keys are FileRows.tsx'. */
import { useRef, useState } from "react";
import type { ProblemEntry, Service } from "@/api/schema";
import { useAction } from "@/components/actions/registry";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { Icon } from "@/components/Icon";
import { useRights } from "@/components/use-rights";
import { FileRow } from "./FileRow";
import { FileRows } from "./FileRows";
import styles from "./FileTree.module.css";
import { relativePath } from "./operations";
import { PathForm } from "./PathForm";
import { readPath, readTarget, refuseMove, refusePlace } from "./path-rule";
import { baseName, findNeighbour, isBelow, listParents, listRows, trimSlash, type Row } from "./tree";
import { LIMITS } from "./upload";
import { UploadPanel } from "./UploadPanel";
import type { FileChanges } from "./use-file-changes";
import { useFileItems } from "./use-file-items";
import { useOpenDirectories } from "./use-open-directories";
import { useUploadFields } from "./use-upload-fields";

interface Props {
  slug: string;
  service: Service;
  paths: string[];
  active: string | null;
  unsaved: string[];
  problems: ProblemEntry[];
  changes: FileChanges;
  onOpen: (path: string) => void;
  onCreate: (path: string) => void;
}

/** What is being typed: where a new file is to be, below a directory or ""; or the new name of a row. */
type Asks = { below: string } | { row: string } | null;

export function FileTree({ slug, service, paths, active, unsaved, problems, changes, onOpen, onCreate }: Props) {
  const { mayCommit } = useRights(slug);
  const directories = useOpenDirectories(slug, service.name, active);
  const rows = listRows(paths, directories.open);
  const [asks, setAsks] = useState<Asks>(null);
  const [isFocused, setFocused] = useState(false);
  const [cursor, setCursor] = useCursor(active);
  const wanted = useRef<string | null>(null);
  const current = rows.find(({ path }) => path === cursor)?.path ?? rows[0]?.path ?? null;
  const focus = (path: string | null) => {
    if (path !== null) directories.openAll(listParents(path));
    wanted.current = path;
    setCursor(path);
  };
  const { fields, choose, drop, isOver } = useUploadFields((uploads) => void changes.upload.send(uploads, focus));
  const create = (below: string) => { setAsks({ below }); };
  const rename = (row: string) => {
    directories.openAll(listParents(row));
    changes.forgetFault();
    setAsks({ row });
  };
  const remove = (row: string) => {
    const next = findNeighbour(rows, row) ?? null;
    changes.forgetFault();
    changes.remove(row, () => { if (isFocused) focus(next); });
  };
  const leave = (row: string | null) => {
    setAsks(null);
    focus(row);
  };
  const itemsOf = useFileItems({ slug, service, mayCommit, onCreate: create, onRename: rename, onRemove: remove, onUpload: choose, onOpen });
  const off = { isOff: !mayCommit || current === null };
  useAction({ name: "New file…", keys: "c", run: () => { create(""); } });
  useAction({ name: `Rename or move ${trimSlash(current ?? "")}…`, keys: isFocused ? "F2" : undefined, run: () => { if (current !== null) rename(current); }, ...off });
  useAction({ name: `Delete ${trimSlash(current ?? "")}`, keys: isFocused ? "Delete" : undefined, run: () => { if (current !== null) remove(current); }, ...off });
  useAction({ name: "Upload files…", run: () => { choose(""); }, isOff: !mayCommit });
  useAction({ name: "Upload a directory…", run: () => { choose("", true); }, isOff: !mayCommit });
  const isHidden = (row: Row) => row.isDirectory && !row.isOpen;
  const isMarked = (row: Row, path: string) => path === row.path || (isHidden(row) && isBelow(path, row.path));
  const { fault, question, upload } = changes;
  return (
    <nav aria-label="Files" className={styles.files} data-over={isOver} {...(mayCommit ? drop : {})}>
      <h2>
        Files
        <span className={styles.tools}>
          <button className="quiet" aria-label="New file" title="New file" aria-expanded={asks !== null && "below" in asks} onClick={() => { create(""); }}>
            <Icon name="plus" />
          </button>
          {mayCommit && (
            <button className="quiet" aria-label="Upload files" title={`Upload files, or drop them here. ${LIMITS}`} onClick={() => { choose(""); }}>
              <Icon name="upload" />
            </button>
          )}
        </span>
      </h2>
      {fields}
      {asks !== null && "below" in asks && (
        <PathForm
          key={asks.below}
          label="Path of the new file"
          verb="create"
          initial={asks.below}
          placeholder="templates/page.html"
          refuse={(typed) => refusePlace(readPath(typed), paths)}
          onSubmit={(typed) => { setAsks(null); onCreate(readPath(typed)); }}
          onCancel={() => { leave(current); }}
        />
      )}
      {upload.refused && <UploadPanel refused={upload.refused} onSend={(good) => void upload.send(good, focus)} onForget={upload.forget} />}
      <FileRows rows={rows} current={current} directories={directories} typed={asks !== null && "row" in asks ? asks.row : null} onFocused={setFocused} onChoose={onOpen}>
        {(row, id, choosing) => (
          <FileRow
            key={row.path}
            row={row}
            id={id}
            isActive={row.path === active}
            isCurrent={row.path === current}
            isUnsaved={unsaved.some((path) => isMarked(row, path))}
            problems={problems.filter(({ file }) => file !== undefined && isMarked(row, relativePath(service, file))).length}
            list={() => itemsOf(row)}
            form={asks !== null && "row" in asks && asks.row === row.path ? (
              <PathForm
                label={`New path of ${trimSlash(row.path)}`}
                verb="rename"
                initial={trimSlash(row.path)}
                refuse={(typed) => refuseMove(row.path, readTarget(typed, row.path, row.name), paths)}
                fault={fault?.row === row.path ? fault.text : undefined}
                isPending={changes.isPending}
                onSubmit={(typed) => {
                  const to = readTarget(typed, row.path, baseName(row.path));
                  changes.rename(row.path, to, () => { leave(to); });
                }}
                onCancel={() => { changes.forgetFault(); leave(row.path); }}
              />
            ) : null}
            fault={fault?.row === row.path ? fault.text : undefined}
            onForget={() => { changes.forgetFault(); focus(row.path); }}
            onFocus={() => { setCursor(row.path); }}
            onChoose={choosing}
            onShown={(element) => {
              if (wanted.current !== row.path) return;
              wanted.current = null;
              element.focus();
            }}
          />
        )}
      </FileRows>
      {question && <ConfirmDialog title={question.title} text={question.text} verb={question.verb} onConfirm={question.run} onCancel={changes.forgetQuestion} />}
    </nav>
  );
}

/** The row that Tab leads to: the one that had the focus last, or what was opened since. */
function useCursor(active: string | null) {
  const [cursor, setCursor] = useState(active);
  const [shown, setShown] = useState(active);
  if (active !== shown) {
    setShown(active);
    setCursor(active);
  }
  return [cursor, setCursor] as const;
}
