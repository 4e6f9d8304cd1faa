/** Did you mean …? */

/** The candidate that differs least from a name, if that is little enough to be a slip of the hand. */
export function findNearest(name: string, candidates: readonly string[]): string | undefined {
  const most = name.length < 3 ? 1 : Math.max(2, Math.floor(name.length / 3));
  const found = candidates
    .map((candidate) => ({ candidate, distance: measureDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance)[0];
  return found && found.distance <= most ? found.candidate : undefined;
}

/** How many letters have to be put in, left out or replaced to make one text of the other (Levenshtein). */
function measureDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let index = 0; index < one.length; index += 1) {
    const next = [index + 1];
    for (let at = 0; at < other.length; at += 1) {
      const replaced = (row[at] ?? 0) + (other[at] === one[index] ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
