/** One click back to what was live before. It is a commit, so the way forward is one click too. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { putRelease } from "@/api/events/apply";
import { explain } from "@/api/problems";
import { rollBack } from "@/api/services";
import { useToast } from "@/components/Toasts";
import { useKey } from "@/components/use-key";

export function RollBack({ slug, service }: { slug: string; service: string }) {
  const cache = useQueryClient();
  const toast = useToast();
  const back = useMutation({
    mutationFn: () => rollBack(slug, service),
    onSuccess: ({ commit, release }) => {
      if (release) putRelease(cache, slug, release);
      toast({ text: commit.subject, action: { label: "Undo", run: () => { back.mutate(); } } });
    },
    onError: (error) => { toast({ text: explain(error).detail ?? explain(error).title }); },
  });
  const run = () => {
    if (!back.isPending) back.mutate();
  };
  useKey("Mod+Alt+z", run);
  return <button onClick={run} disabled={back.isPending} title="⌘⌥Z">Roll back</button>;
}
