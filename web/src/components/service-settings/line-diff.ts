/** What differs between two texts, line by line, with the lines around it. Pure; for texts as short as a service.yaml. */

export interface Line {
  kind: "same" | "removed" | "added";
  text: string;
}

const AROUND = 2; // lines that are shown above and below a change

export function diffLines(before: string, after: string): Line[] {
  return keepNear(compare(split(before), split(after)));
}

function split(text: string): string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

/** By the longest common subsequence. */
function compare(before: string[], after: string[]): Line[] {
  const lengths = before.map(() => new Array<number>(after.length + 1).fill(0));
  const at = (row: number, column: number) => lengths[row]?.[column] ?? 0;
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      const isSame = before[row] === after[column];
      const best = isSame ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
      lengths[row]?.splice(column, 1, best);
    }
  }
  const lines: Line[] = [];
  let [row, column] = [0, 0];
  while (row < before.length || column < after.length) {
    const [old, now] = [before[row], after[column]];
    if (old !== undefined && old === now) {
      lines.push({ kind: "same", text: old });
      [row, column] = [row + 1, column + 1];
    } else if (old !== undefined && (now === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push({ kind: "removed", text: old });
      row += 1;
    } else {
      lines.push({ kind: "added", text: now ?? "" });
      column += 1;
    }
  }
  return lines;
}

function keepNear(lines: Line[]): Line[] {
  const isNear = (index: number) => lines.slice(Math.max(0, index - AROUND), index + AROUND + 1).some(({ kind }) => kind !== "same");
  return lines.filter((_, index) => isNear(index));
}
