/** What can be done with a row of the tree, as the items of its menu. */
import { useNavigate } from "react-router";
import type { Service } from "@/api/schema";
import type { MenuItem } from "@/components/menu/Menu";
import { useToast } from "@/components/Toasts";
import * as addresses from "@/paths";
import { wholePath } from "./operations";
import { trimSlash, type Row } from "./tree";

interface Props {
  slug: string;
  service: Service;
  mayCommit: boolean;
  onOpen: (path: string) => void;
  /** What they are given is the path of a row. */
  onCreate: (below: string) => void;
  onRename: (row: string) => void;
  onRemove: (row: string) => void;
  onUpload: (into: string) => void;
}

export function useFileItems({ slug, service, mayCommit, onOpen, onCreate, onRename, onRemove, onUpload }: Props): (row: Row) => MenuItem[] {
  const navigate = useNavigate();
  const toast = useToast();
  const copyPath = (path: string) => {
    void navigator.clipboard.writeText(path).then(() => { toast({ text: `Copied ${path}` }); });
  };
  return ({ path, isDirectory }) => {
    const whole = wholePath(service, trimSlash(path));
    const ofDirectory: MenuItem[] = [
      { name: "New file here…", run: () => { onCreate(path); } },
      ...(mayCommit ? [{ name: "Upload files here…", run: () => { onUpload(path); } }] : []),
    ];
    const ofFile: MenuItem[] = [
      { name: "Open", text: "Enter", run: () => { onOpen(path); } },
      { name: "History of this file", run: () => void navigate(`${addresses.file(slug, service.name, path)}?view=history`) },
    ];
    const change: MenuItem[] = [
      { name: "Rename or move…", text: "F2", run: () => { onRename(path); } },
      { name: "Delete", text: "Del", isDanger: true, run: () => { onRemove(path); } },
    ];
    return [
      ...(isDirectory ? ofDirectory : ofFile),
      { name: "Copy path", text: whole, run: () => { copyPath(whole); } },
      ...(mayCommit ? change : []),
    ];
  };
}
