/** A file of a service for reading, at main or at any commit, with an address for each line; or a directory. */
import { noop, useQuery } from "@tanstack/react-query";
import { useLocation, useNavigate, useParams } from "react-router";
import { fileList } from "@/api/files";
import { queryClient } from "@/api/query-client";
import { serviceDetail } from "@/api/services";
import { useAction } from "@/components/actions/registry";
import { Empty } from "@/components/Empty";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Title } from "@/components/Title";
import * as paths from "@/paths";
import { Directory } from "./Directory";
import { FileHead } from "./FileHead";
import { FileBody } from "./FileBody";
import styles from "./FilePage.module.css";
import { OldNote } from "./OldNote";
import { listDirectory, placeFile } from "./place";

interface Params {
  slug?: string;
  service?: string;
  "*"?: string;
}

export function loader({ params: { slug = "", service = "", "*": rest = "" } }: { params: Params }) {
  void queryClient.query(fileList(slug, service, paths.readFile(rest, "").ref)).catch(noop);
  return null;
}

export function Component() {
  const { slug = "", service: name = "", "*": rest = "" } = useParams();
  const { hash } = useLocation();
  const navigate = useNavigate();
  const { path, ref, line, lastLine } = paths.readFile(rest, hash);
  const { data: files, error, refetch } = useQuery(fileList(slug, name, ref));
  // A service that is gone is shown as it was.
  const directory = useQuery(serviceDetail(slug, name)).data?.path ?? name;
  const edit = () => void navigate(paths.service(slug, name, path, line));
  const pin = () => {
    if (files) void navigate(paths.file(slug, name, path, { ref: files.ref, line, lastLine }), { replace: true });
  };
  useAction({ name: "Edit this file", keys: "e", run: edit });
  useAction({ name: "Permalink", keys: "y", run: pin });
  if (files === undefined) return error && <ProblemPanel error={error} onRetry={() => void refetch()} />;
  const entry = files.items.find((found) => found.path === path);
  const place = { slug, service: name, path, ref, commit: files.ref, whole: placeFile(directory, path), directory };
  const inside = listDirectory(files.items, path);
  return (
    <div className={styles.page}>
      <Title>{`${path || name}${ref === undefined ? "" : ` @ ${ref.slice(0, 7)}`} · ${name}`}</Title>
      <FileHead place={place} isFile={entry !== undefined} onEdit={edit} onPin={pin} />
      {ref !== undefined && <OldNote key={`${ref}/${path}`} place={place} entry={entry} />}
      {entry && <FileBody place={place} entry={entry} first={line} last={lastLine ?? line} />}
      {!entry && inside.length > 0 && <Directory place={place} entries={inside} />}
      {!entry && inside.length === 0 && (
        <Empty title={`There is no ${path} in ${name}${ref === undefined ? "" : ` at ${ref.slice(0, 7)}`}`}>
          It may have another name now, or be gone: the history says which.
        </Empty>
      )}
    </div>
  );
}
