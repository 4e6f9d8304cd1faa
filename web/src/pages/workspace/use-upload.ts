/** Uploading files: all of them as one commit, or none, with why beside each. What is looked at before: upload.ts. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiProblem, isPassing } from "@/api/problems";
import type { Service } from "@/api/schema";
import { sayProblem } from "@/components/say-problem";
import type { Drafts } from "./drafts";
import { relativePath, wholePath } from "./operations";
import { judgeUploads, readUploads, type Faults, type Upload } from "./upload";
import type { Change, Place } from "./use-file-commit";
import { readBack } from "./use-landing";

interface Props extends Place {
  drafts: Drafts;
  /** Why nothing can be sent now. */
  refuse: string | null;
  commit: (change: Change) => void;
}

/** What was chosen and is not sent, for it cannot be as it is. */
export interface Refused {
  uploads: readonly Upload[];
  faults: Faults;
}

export function useUpload({ slug, service, files, drafts, refuse, commit }: Props) {
  const cache = useQueryClient();
  const [refused, setRefused] = useState<Refused | null>(null);
  const { base, entries } = files;

  const send = async (uploads: readonly Upload[], onDone: (path: string) => void) => {
    const [first] = uploads;
    if (first === undefined || base === undefined) return;
    const faults = refuse === null ? judgeUploads(uploads, entries, drafts.texts) : { each: {}, all: refuse };
    if (faults.all !== null || Object.keys(faults.each).length > 0) {
      setRefused({ uploads, faults });
      return;
    }
    const paths = new Set(uploads.map(({ path }) => path));
    const what = uploads.length === 1 ? first.path : `${uploads.length} files`;
    const fail = (error: Error) => { setRefused({ uploads, faults: readFaults(error, service, paths) }); };
    try {
      commit({
        ops: await readUploads(uploads, (path) => wholePath(service, path)),
        base,
        message: uploads.length === 1 ? `Upload ${wholePath(service, first.path)}` : `Upload ${what} to ${service.name}`,
        move: null,
        said: `Uploaded ${what}`,
        conflict: { title: "Replace it all the same?", text: `Somebody else has changed ${what} meanwhile. History keeps what they wrote.`, verb: "Replace" },
        findBack: (landed) => readBack(cache, slug, service, landed, (path) => paths.has(path)),
        texts: {},
        onDone: () => { setRefused(null); onDone(first.path); },
        onRefused: fail,
      });
    } catch (error) {
      // A file that is gone from the disk by now, or that may not be read.
      setRefused({ uploads, faults: { each: {}, all: `They cannot be read: ${error instanceof Error ? error.message : String(error)}` } });
    }
  };
  return { send, refused, forget: () => { setRefused(null); } };
}

/** The server's problems, each beside its file; the rest once. */
function readFaults(error: Error, service: Service, paths: ReadonlySet<string>): Faults {
  if (isPassing(error)) return { each: {}, all: "PaaKS cannot be reached, or is starting: nothing was sent, try it again in a moment." };
  if (!(error instanceof ApiProblem)) return { each: {}, all: sayProblem(error) };
  const each: Record<string, string> = {};
  const rest: string[] = [];
  for (const { file = "", line, detail, hint } of error.problem.errors) {
    const path = relativePath(service, file);
    const text = [line === undefined ? detail : `line ${line}: ${detail}`, hint].filter(Boolean).join(" · ");
    if (paths.has(path)) each[path] = text;
    else rest.push([path, text].filter(Boolean).join(": "));
  }
  return { each, all: rest.length > 0 ? rest.join(" ") : null };
}
