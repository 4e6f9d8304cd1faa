/** Commits that the palette does not know are looked for on the server, once somebody has stopped typing. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { commitHistory } from "@/api/history";
import type { PastCommit } from "@/api/schema";
import { useDebounced } from "@/components/use-debounced";

const QUIET = 200; // milliseconds without a key
const SHORTEST = 3; // characters: fewer are in everything

export interface FoundCommits {
  commits: PastCommit[];
  isSearching: boolean;
  error: Error | null;
}

/** `known`: the newest commits; undefined until they are there. `hasMore`: older ones are only on the server. */
export function useFoundCommits(slug: string, query: string, known: PastCommit[] | undefined, hasMore: boolean): FoundCommits {
  const text = query.trim();
  const settled = useDebounced(text, QUIET);
  const isWanted = hasMore && text.length >= SHORTEST && known !== undefined && !known.some((commit) => says(commit, text));
  const enabled = isWanted && settled === text;
  const { data, error, isPending } = useInfiniteQuery({ ...commitHistory(slug, { text }), enabled });
  if (!isWanted) return { commits: [], isSearching: false, error: null };
  return { commits: data?.pages[0]?.items ?? [], isSearching: isPending, error };
}

/** As the server looks: part of the message, or how the id begins. */
function says({ sha, message }: PastCommit, text: string): boolean {
  const wanted = text.toLowerCase();
  return sha.startsWith(wanted) || message.toLowerCase().includes(wanted);
}
