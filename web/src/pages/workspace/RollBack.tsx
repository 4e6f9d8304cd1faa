import type { Service } from "@/api/schema";
import { useAction } from "@/components/actions/registry";
import { stepBackCommands } from "@/components/copy-as/service-commands";
import { useRollBack } from "@/components/history/use-roll-back";

/** One click back to what was live before. */
export function RollBack({ slug, service: { name, commit } }: { slug: string; service: Pick<Service, "name" | "commit"> }) {
  const back = useRollBack(slug);
  const run = () => {
    if (!back.isPending) back.mutate({ service: name, from: commit });
  };
  useAction({ name: "Roll back", keys: "Mod+Alt+z", commands: stepBackCommands(slug, name), run });
  return <button onClick={run} disabled={back.isPending} title="⌘⌥Z">Roll back</button>;
}
