/** Everything that the palette finds: what can be done here, pages, services and what can be done with them, files, commits. */
import { useInfiniteQuery, useMutation, useQueries, useQuery } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { fileList } from "@/api/files";
import { commitHistory } from "@/api/history";
import type { PastCommit, Service } from "@/api/schema";
import { serviceList } from "@/api/services";
import { reconcile } from "@/api/sync";
import { useActions } from "@/components/actions/registry";
import { fileCommands, historyCommands, reconcileCommands, rollBackCommands, type Command } from "@/components/copy-as/commands";
import { logCommands, openCommands, statusCommands, stepBackCommands } from "@/components/copy-as/service-commands";
import { wasLive } from "@/components/history/deploy-state";
import { useRollBack } from "@/components/history/use-roll-back";
import { sayProblem } from "@/components/say-problem";
import { useToast } from "@/components/Toasts";
import { useRights } from "@/components/use-rights";
import * as paths from "@/paths";
import type { Findable } from "./rank";
import { useFoundCommits, type FoundCommits } from "./use-found-commits";

export interface Entry extends Findable {
  kind: "Action" | "Service" | "File" | "Commit";
  keys?: string | undefined;
  commands: readonly Command[];
  run: () => void;
}

const MOST_SERVICES = 20; // whose files are looked through: those that are named first

/** `known` is to be ranked; `found` fits already: the server has searched for it. */
export interface Entries extends Pick<FoundCommits, "isSearching" | "error"> {
  known: Entry[];
  found: Entry[];
}

export function useEntries(slug: string | undefined, query: string): Entries {
  const here = useActions()
    .filter(({ isKeyOnly }) => !isKeyOnly)
    .map(({ name, keys, commands, run }): Entry => ({ id: `do ${name}`, kind: "Action", text: name, keys, commands, run }));
  const { known, ...rest } = useTenantEntries(query, slug);
  return { ...rest, known: [...here, ...known] };
}

/** Of no tenant, none. */
function useTenantEntries(query: string, slug = ""): Entries {
  const enabled = slug !== "";
  const services = useQuery({ ...serviceList(slug), enabled }).data?.items ?? [];
  const { data: newest, hasNextPage } = useInfiniteQuery({ ...commitHistory(slug), enabled });
  const commits = newest?.pages[0]?.items;
  const { commits: older, ...searching } = useFoundCommits(slug, query, commits, hasNextPage || (newest?.pages.length ?? 0) > 1);
  const ofServices = useServiceEntries(slug, services);
  const ofCommits = useCommitEntries(slug, commits ?? [], services);
  const found = useCommitEntries(slug, older, services);
  const files = useFileEntries(slug, chooseServices(services, query));
  return { ...searching, found, known: enabled ? [...ofServices, ...files, ...ofCommits] : [] };
}

function useServiceEntries(slug: string, services: Service[]): Entry[] {
  const navigate = useNavigate();
  const toast = useToast();
  const mayCommit = useRights(slug).mayCommit;
  const back = useRollBack(slug);
  const again = useMutation({
    mutationFn: (name: string) => reconcile(slug, name),
    onSuccess: (_, name) => { toast({ text: `${name} is looked at now` }); },
    onError: (error) => { toast({ text: sayProblem(error) }); },
  });
  const act = (text: string, commands: Command[], run: () => void): Entry => ({ id: `do ${text}`, kind: "Action", text, commands, run });
  return services.flatMap(({ name, commit, url }) => [
    { id: `service ${name}`, kind: "Service", text: name, commands: statusCommands(slug, name), run: () => void navigate(paths.service(slug, name)) },
    act(`Logs of ${name}`, logCommands(slug, name), () => void navigate(paths.service(slug, name))),
    act(`History of ${name}`, historyCommands(slug, name), () => void navigate(paths.history(slug, name))),
    act(`Open ${name} in a new window`, openCommands(slug, name), () => { window.open(url, "_blank", "noreferrer"); }),
    ...(mayCommit
      ? [
          act(`Roll back ${name}`, stepBackCommands(slug, name), () => { back.mutate({ service: name, from: commit }); }),
          act(`Reconcile ${name} now`, reconcileCommands(slug, name), () => { again.mutate(name); }),
        ]
      : []),
  ]);
}

function chooseServices(services: Service[], query: string): Service[] {
  const isNamed = ({ name }: Service) => query.toLowerCase().includes(name);
  return services.toSorted((one, other) => Number(isNamed(other)) - Number(isNamed(one))).slice(0, MOST_SERVICES);
}

function useFileEntries(slug: string, services: Service[]): Entry[] {
  const navigate = useNavigate();
  const lists = useQueries({ queries: services.map(({ name }) => fileList(slug, name)) });
  return lists.flatMap(({ data }, index) => {
    const service = services[index];
    if (data === undefined || service === undefined) return [];
    return data.items.map(({ path }): Entry => ({
      id: `file ${service.name}/${path}`,
      kind: "File",
      text: `${service.name}/${path}`,
      commands: fileCommands(slug, { service: service.name, directory: service.path, path, ref: data.ref }),
      run: () => {
        // The editor takes the focus where nothing else has it, and who finds a file is going there.
        if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
        void navigate(paths.service(slug, service.name, path));
      },
    }));
  });
}

function useCommitEntries(slug: string, commits: PastCommit[], services: Service[]): Entry[] {
  const navigate = useNavigate();
  const back = useRollBack(slug);
  const mayCommit = useRights(slug).mayCommit;
  return commits.flatMap(({ sha, subject, releases }) => {
    const about = `${sha.slice(0, 7)} ${subject}`;
    const targets = mayCommit ? releases.filter(wasLive).map((release) => services.find(({ name }) => name === release.service)) : [];
    return [
      { id: `commit ${sha}`, kind: "Commit", text: about, commands: [{ name: "git", text: `git show ${sha.slice(0, 12)}` }], run: () => void navigate(paths.commit(slug, sha)) },
      ...targets.flatMap((service): Entry[] =>
        service === undefined || service.commit === sha
          ? []
          : [{
              id: `back ${service.name} ${sha}`,
              kind: "Action",
              text: `Roll back ${service.name} to ${about}`,
              commands: rollBackCommands(slug, { service: service.name, directory: service.path, to: sha }),
              run: () => { back.mutate({ service: service.name, to: sha, from: service.commit }); },
            }],
      ),
    ];
  });
}
