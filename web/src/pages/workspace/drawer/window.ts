/** Which rows of a long list have to be there, for what is seen of it. All have one height; some have more. Pure. */

export interface Rows {
  count: number;
  /** Pixels. */
  row: number;
  /** The rows that are higher, as an open one is, and by how much; in order. */
  higher: readonly (readonly [index: number, extra: number])[];
}

export interface Shown {
  /** The rows from `first` to before `end`; pixels of what is left out above and below them. */
  first: number;
  end: number;
  above: number;
  below: number;
}

const SPARE = 8; // rows on either side, for what is scrolled to before it is drawn

/** Where a row begins. */
export function findTop(index: number, { row, higher }: Rows): number {
  return higher.reduce((top, [at, extra]) => (at < index ? top + extra : top), index * row);
}

export function findHeight(rows: Rows): number {
  return findTop(rows.count, rows);
}

function findRow(y: number, { row, higher }: Rows): number {
  let before = 0;
  for (const [index, extra] of higher) {
    const end = (index + 1) * row + before; // of that row, before what is more of it
    if (y < end) break;
    if (y < end + extra) return index;
    before += extra;
  }
  return Math.floor((y - before) / row);
}

/** `top`: how far it is scrolled; where that is more than there is, its end is shown. */
export function findShown(rows: Rows, top: number, height: number): Shown {
  const whole = findHeight(rows);
  const from = Math.max(0, Math.min(top, whole - height));
  const first = Math.max(0, findRow(from, rows) - SPARE);
  const end = Math.min(rows.count, findRow(from + height, rows) + 1 + SPARE);
  return { first, end, above: findTop(first, rows), below: Math.max(0, whole - findTop(end, rows)) };
}
