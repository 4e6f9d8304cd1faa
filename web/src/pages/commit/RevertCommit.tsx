/** Takes back what a commit changed, by another commit; where others have changed the same since, says where. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { revertCommit } from "@/api/changes";
import { putRelease } from "@/api/events/apply";
import { isConflict } from "@/api/problems";
import { useAction } from "@/components/actions/registry";
import { sayProblem } from "@/components/say-problem";
import { useToast } from "@/components/Toasts";
import * as paths from "@/paths";

interface Props {
  slug: string;
  sha: string;
  /** Where a file of the repository is edited; undefined where no service has it. */
  editAt: (path: string) => string | undefined;
}

export function RevertCommit({ slug, sha, editAt }: Props) {
  const cache = useQueryClient();
  const toast = useToast();
  const navigate = useNavigate();
  const revert = useMutation({
    mutationFn: (commit: string) => revertCommit(slug, commit),
    onSuccess: ({ commit, releases }) => {
      for (const release of releases) putRelease(cache, slug, release);
      toast({ text: commit.subject, action: { label: "Undo", run: () => { revert.mutate(commit.sha); } } });
      void navigate(paths.commit(slug, commit.sha));
    },
    onError: (error) => {
      if (!isConflict(error)) {
        toast({ text: sayProblem(error) });
        return;
      }
      const files = error.sides.map(({ path }) => path);
      const place = files.map(editAt).find((found) => found !== undefined);
      toast({
        text: `Changed since, so it has to be done by hand: ${files.join(", ")}`,
        ...(place !== undefined && { action: { label: "Edit", run: () => { void navigate(place); } } }),
      });
    },
  });
  const run = () => { revert.mutate(sha); };
  useAction({ name: "Revert this commit", run, isOff: revert.isPending });
  return <button onClick={run} disabled={revert.isPending}>Revert this commit</button>;
}
