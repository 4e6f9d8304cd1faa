/** Going back is a commit, so the way forward again is one click too. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { putRelease } from "@/api/events/apply";
import { explain } from "@/api/problems";
import { rollBack } from "@/api/services";
import { useToast } from "../Toasts";

/** `to`: a commit, or undefined for what was live before. `from`: the commit that it is at now, for the way back. */
export interface Step {
  service: string;
  to?: string | undefined;
  from?: string | undefined;
}

export function useRollBack(slug: string) {
  const cache = useQueryClient();
  const toast = useToast();
  const back = useMutation({
    mutationFn: ({ service, to }: Step) => rollBack(slug, service, to),
    onSuccess: ({ commit, release }, { service, to, from }) => {
      if (release) putRelease(cache, slug, release);
      const undo = () => { back.mutate({ service, to: from, from: to }); };
      toast({ text: commit.subject, ...(from !== undefined && { action: { label: "Undo", run: undo } }) });
    },
    onError: (error) => {
      toast({ text: explain(error).detail ?? explain(error).title });
    },
  });
  return back;
}
