/** Which rows of a long list have to be there, for what is seen of it. All have one height; one may be open. Pure. */

export interface Rows {
  count: number;
  /** Pixels. */
  row: number;
  /** The row that is open, -1 for none, and how much higher it is for that. */
  open: number;
  extra: number;
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
export function findTop(index: number, { row, open, extra }: Rows): number {
  return index * row + (open >= 0 && index > open ? extra : 0);
}

export function findHeight(rows: Rows): number {
  return rows.count * rows.row + (rows.open >= 0 && rows.open < rows.count ? rows.extra : 0);
}

function findRow(y: number, { row, open, extra }: Rows): number {
  const end = (open + 1) * row; // of the open row, before what is more of it
  if (open < 0 || y < end) return Math.floor(y / row);
  return y < end + extra ? open : Math.floor((y - extra) / row);
}

/** `top`: how far it is scrolled; where that is more than there is, its end is shown. */
export function findShown(rows: Rows, top: number, height: number): Shown {
  const whole = findHeight(rows);
  const from = Math.max(0, Math.min(top, whole - height));
  const first = Math.max(0, findRow(from, rows) - SPARE);
  const end = Math.min(rows.count, findRow(from + height, rows) + 1 + SPARE);
  return { first, end, above: findTop(first, rows), below: Math.max(0, whole - findTop(end, rows)) };
}
