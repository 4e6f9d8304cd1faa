import { useAction } from "@/components/actions/registry";
import { stepBackCommands } from "@/components/copy-as/service-commands";
import { useRollBack } from "./use-roll-back";

/** One click back to what was live before. */
export function RollBack({ slug, service }: { slug: string; service: string }) {
  const back = useRollBack(slug, service);
  const run = () => {
    if (!back.isPending) back.mutate(undefined);
  };
  useAction({ name: "Roll back", keys: "Mod+Alt+z", commands: stepBackCommands(slug, service), run });
  return <button onClick={run} disabled={back.isPending} title="⌘⌥Z">Roll back</button>;
}
