/** What fits what was typed, the best first. Pure. */

/** Something that can be found: `text` is what is searched. */
export interface Findable {
  id: string;
  text: string;
}

const WHOLE = 8;
const BEGINNING = 5; // of a word
const INSIDE = 3;
const SCATTERED = 1; // the letters in their order, with others between
const RECENT = 2;

/** Each word of the query has to be in it somehow. `recent`: ids, the latest first; they come first among equals. */
export function rank<Entry extends Findable>(query: string, entries: readonly Entry[], recent: readonly string[]): Entry[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return entries
    .map((entry, index) => ({ entry, index, score: judge(words, entry.text.toLowerCase()), age: findAge(entry, recent) }))
    .filter(({ score }) => score !== null)
    .map((found) => ({ ...found, score: (found.score ?? 0) + (found.age === recent.length ? 0 : RECENT) }))
    .sort((one, other) => other.score - one.score || one.age - other.age || one.index - other.index)
    .map(({ entry }) => entry);
}


/** One that was never chosen is older than all others. */
function findAge({ id }: Findable, recent: readonly string[]): number {
  const at = recent.indexOf(id);
  return at < 0 ? recent.length : at;
}

function judge(words: string[], text: string): number | null {
  let score = 0;
  for (const word of words) {
    const found = judgeWord(word, text);
    if (found === null) return null;
    score += found;
  }
  return score;
}

function judgeWord(word: string, text: string): number | null {
  if (text.split(/[^\p{L}\p{N}]+/u).includes(word)) return WHOLE;
  const at = text.indexOf(word);
  if (at >= 0) return at === 0 || /[^\p{L}\p{N}]/u.test(text[at - 1] ?? "") ? BEGINNING : INSIDE;
  return isScattered(word, text) ? SCATTERED : null;
}

/** Only where it begins a word, or everything would be found everywhere. */
function isScattered(word: string, text: string): boolean {
  for (const { index } of text.matchAll(/[\p{L}\p{N}]+/gu)) {
    let at = index - 1;
    if (text[index] === word[0] && Array.from(word).every((letter) => (at = text.indexOf(letter, at + 1)) >= 0)) return true;
  }
  return false;
}
