import { useKey } from "@/components/use-key";
import { useRollBack } from "./use-roll-back";

/** One click back to what was live before. */
export function RollBack({ slug, service }: { slug: string; service: string }) {
  const back = useRollBack(slug, service);
  const run = () => {
    if (!back.isPending) back.mutate(undefined);
  };
  useKey("Mod+Alt+z", run);
  return <button onClick={run} disabled={back.isPending} title="⌘⌥Z">Roll back</button>;
}
