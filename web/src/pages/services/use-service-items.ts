/** What can be done with a service from its row. Reversible, so it is done at once: with the way back in a toast. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import type { Service } from "@/api/schema";
import { deleteService, rollBack } from "@/api/services";
import { tenantDetail } from "@/api/tenants";
import { namespaceOf, statusCommands } from "@/components/copy-as/service-commands";
import { copyItems, useCopy } from "@/components/copy-as/use-copy";
import { useRollBack } from "@/components/history/use-roll-back";
import type { MenuItem } from "@/components/menu/Menu";
import { sayProblem } from "@/components/say-problem";
import { useToast } from "@/components/Toasts";
import { useRights } from "@/components/use-rights";
import * as paths from "@/paths";

/** The items of a service's menu. */
export function useServiceItems(slug: string): (service: Service) => MenuItem[] {
  const navigate = useNavigate();
  const toast = useToast();
  const copy = useCopy();
  const back = useRollBack(slug);
  const remove = useDelete(slug);
  const { mayCommit } = useRights(slug);
  const id = useQuery(tenantDetail(slug)).data?.id;
  return ({ name, url, commit, status }) => {
    const isThere = status.state !== "removed" && status.state !== "held";
    const change: MenuItem[] = [
      { name: "Roll back", run: () => { back.mutate({ service: name, from: commit }); } },
      { name: "Delete", isDanger: true, run: () => { remove.mutate(name); } },
    ];
    const copyUrl = () => {
      void navigator.clipboard.writeText(url).then(() => { toast({ text: "Copied the URL" }); });
    };
    return [
      { name: "Open", run: () => void navigate(paths.service(slug, name)) },
      { name: "Visit in a new window", run: () => { window.open(url, "_blank", "noreferrer"); } },
      { name: "Logs", run: () => void navigate(paths.drawer(slug, name, "logs")) },
      { name: "Resources", run: () => void navigate(paths.drawer(slug, name, "resources")) },
      { name: "History", run: () => void navigate(paths.history(slug, name)) },
      { name: "Copy URL", text: url, run: copyUrl },
      ...copyItems(statusCommands(slug, name, id && namespaceOf(id)), copy),
      ...(mayCommit && isThere ? change : []),
    ];
  };
}

/** The way back is one click, and for ever in history. */
function useDelete(slug: string) {
  const toast = useToast();
  const undo = useMutation({
    mutationFn: (name: string) => rollBack(slug, name),
    onError: (error, name) => { toast({ text: `${name}: ${sayProblem(error)}` }); },
  });
  return useMutation({
    mutationFn: (name: string) => deleteService(slug, name),
    onSuccess: (_, name) => {
      toast({ text: `Deleted ${name}`, action: { label: "Undo", run: () => { undo.mutate(name); } } });
    },
    onError: (error, name) => { toast({ text: `${name}: ${sayProblem(error)}` }); },
  });
}
