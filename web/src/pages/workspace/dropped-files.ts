/** Files that somebody chose or dropped, those of directories among them. What becomes of them: upload.ts. */
import type { Upload } from "./upload";

/** `into`: the directory that they go to, with its slash; "" for the service's own. */
export function listChosen(files: FileList, into: string): Upload[] {
  return [...files].map((file) => ({ path: into + (file.webkitRelativePath || file.name), file }));
}

/** Has to be called while the event is handled: afterwards the browser knows of nothing that was dropped. */
export async function listDropped(dropped: DataTransfer, into: string): Promise<Upload[]> {
  const items = [...dropped.items].filter(({ kind }) => kind === "file");
  const found = items.map((item) => [item.webkitGetAsEntry(), item.getAsFile()] as const);
  return (await Promise.all(found.map(([entry, file]) => listItem(entry, file, into)))).flat();
}

async function listItem(entry: FileSystemEntry | null, file: File | null, into: string): Promise<Upload[]> {
  if (entry !== null) return listEntry(entry, into);
  return file === null ? [] : [{ path: into + file.name, file }];
}

async function listEntry(entry: FileSystemEntry, into: string): Promise<Upload[]> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => { entry.file(resolve, reject); });
    return [{ path: into + entry.name, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Upload[] = [];
  for (;;) {
    // A reader gives some at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (some.length === 0) return found;
    found.push(...(await Promise.all(some.map((below) => listEntry(below, `${into}${entry.name}/`)))).flat());
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}
