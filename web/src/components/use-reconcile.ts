import { useMutation } from "@tanstack/react-query";
import { explain } from "@/api/problems";
import { reconcile } from "@/api/sync";
import { useToast } from "./Toasts";

/** Look at one service now, or without a name at all of them. */
export function useReconcile(slug: string) {
  const toast = useToast();
  return useMutation({
    mutationFn: (service: string | undefined) => reconcile(slug, service),
    onSuccess: ({ head }, service) => {
      toast({ text: `Looking at ${service ?? "every service"} again, at ${head.slice(0, 7)}` });
    },
    onError: (error) => {
      toast({ text: explain(error).detail ?? explain(error).title });
    },
  });
}
