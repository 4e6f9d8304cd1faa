/** What has been read of the server, kept until an event says that it is not so any more. */
import { MutationCache, QueryCache, QueryClient, queryOptions, skipToken } from "@tanstack/react-query";
import { isPassing, isSignedOut } from "./problems";

const MOST_TRIES = 3;

/** Has the session ended while pages were open? They stay as they are, and the shell asks to sign in again. */
export const sessionEnded = queryOptions<boolean>({ queryKey: ["session-ended"], queryFn: skipToken, initialData: false });

function note(error: Error): void {
  if (isSignedOut(error)) queryClient.setQueryData(sessionEnded.queryKey, true);
}

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: note }),
  mutationCache: new MutationCache({ onError: note }),
  defaultOptions: {
    queries: {
      staleTime: 60_000,
      // What the caller has done wrong stays wrong; the world's faults pass.
      retry: (count, error) => count < MOST_TRIES && isPassing(error),
    },
  },
});
