/** The ways in which files get into the tree: chosen in the browser's own dialog, or dropped. */
import { useRef, useState, type ChangeEvent, type DragEvent } from "react";
import { listChosen, listDropped } from "./dropped-files";
import type { Upload } from "./upload";

/** `into`: the directory that files go to, with its slash; "" for the service's own. */
export function useUploadFields(send: (uploads: Upload[]) => void) {
  const files = useRef<HTMLInputElement>(null);
  const directory = useRef<HTMLInputElement>(null);
  const into = useRef("");
  const [isOver, setOver] = useState(false);
  const choose = (below: string, isDirectory = false) => {
    into.current = below;
    (isDirectory ? directory : files).current?.click();
  };
  const take = ({ currentTarget }: ChangeEvent<HTMLInputElement>) => {
    if (currentTarget.files) send(listChosen(currentTarget.files, into.current));
    currentTarget.value = ""; // so that the same ones can be chosen again
  };
  const drop = {
    onDragOver: (event: DragEvent<HTMLElement>) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      setOver(true);
    },
    onDragLeave: (event: DragEvent<HTMLElement>) => {
      const { currentTarget, relatedTarget } = event;
      if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setOver(false);
    },
    onDrop: (event: DragEvent<HTMLElement>) => {
      event.preventDefault();
      setOver(false);
      void listDropped(event.dataTransfer, findDirectory(event.target)).then(send);
    },
  };
  const fields = (
    <>
      <input ref={files} type="file" multiple hidden onChange={take} />
      <input
        ref={(input) => {
          directory.current = input;
          if (input) input.webkitdirectory = true;
        }}
        type="file"
        hidden
        onChange={take}
      />
    </>
  );
  return { fields, choose, drop, isOver };
}

/** Dropped on a directory, files go into it; on a file, beside it. */
function findDirectory(target: EventTarget): string {
  const path = target instanceof Element ? (target.closest<HTMLElement>("[data-path]")?.dataset.path ?? "") : "";
  return path.slice(0, path.lastIndexOf("/") + 1);
}
