/** Going back is a commit, so the way forward is one click too. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { putRelease } from "@/api/events/apply";
import { explain } from "@/api/problems";
import { rollBack } from "@/api/services";
import { useToast } from "@/components/Toasts";

/** To a commit, or without one to what was live before. */
export function useRollBack(slug: string, service: string) {
  const cache = useQueryClient();
  const toast = useToast();
  const back = useMutation({
    mutationFn: (to: string | undefined) => rollBack(slug, service, to),
    onSuccess: ({ commit, release }) => {
      if (release) putRelease(cache, slug, release);
      toast({ text: commit.subject, action: { label: "Undo", run: () => { back.mutate(undefined); } } });
    },
    onError: (error) => {
      toast({ text: explain(error).detail ?? explain(error).title });
    },
  });
  return back;
}
