/** What is decided of files whose lines others have changed too: for each what there is to decide, and how. Pure. */
import type { Sides } from "@/api/schema";

export type Choice = "mine" | "theirs" | "merge";

/** One file that was changed on both sides. */
export interface Merge {
  /** What main says; null where it is not there (any more), undefined where it is no text. */
  theirs: string | null | undefined;
  theirsSha: string | null;
  /** The commit of main that it was read at: what is decided is a change of that one. */
  base: string;
  choice: Choice | null;
  /** What was typed as the merge of both; null until something was. */
  merged: string | null;
  /** Has main moved on since this was shown first? */
  hasMoved: boolean;
}

/** By the paths of the files below the service. */
export type Merges = Readonly<Record<string, Merge>>;

/** What a commit is made of, once everything is decided; `taken` are the files that stay as main has them. */
export interface Decided {
  texts: Record<string, string>;
  bases: Record<string, string>;
  taken: Record<string, string>;
}

/** The server has found these sides at `head`. What is as it was stays decided; what has moved is asked again. */
export function meetSides(known: Merges, head: string, sides: readonly Sides[]): Merges {
  const met = sides.map((side): [string, Merge] => {
    const before = known[side.path];
    const about = { theirs: readTheirs(side), theirsSha: side.theirsSha, base: head };
    if (before === undefined) return [side.path, { ...about, choice: null, merged: null, hasMoved: false }];
    const isSame = before.theirsSha === side.theirsSha;
    return [side.path, { ...before, ...about, choice: isSame ? before.choice : null, hasMoved: !isSame }];
  });
  return { ...known, ...Object.fromEntries(met) };
}

function readTheirs(side: Sides): string | null | undefined {
  return side.theirsBase64 === undefined ? side.theirs : undefined;
}

/** Are there two texts to merge? */
export function canMerge({ theirs }: Merge): boolean {
  return typeof theirs === "string";
}

/** How many files are still to be decided. */
export function countLeft(merges: Merges): number {
  return Object.values(merges).filter(({ choice }) => choice === null).length;
}

/** What was typed, as it was decided. A file that nobody else has changed is what it was typed as. */
export function decide(typed: Readonly<Record<string, string>>, merges: Merges): Decided {
  const decided: Decided = { texts: {}, bases: {}, taken: {} };
  for (const [path, mine] of Object.entries(typed)) {
    const merge = merges[path];
    if (merge?.choice === "theirs") {
      decided.taken[path] = mine;
      continue;
    }
    decided.texts[path] = merge?.choice === "merge" ? (merge.merged ?? mine) : mine;
    if (merge !== undefined) decided.bases[path] = merge.base;
  }
  return decided;
}
