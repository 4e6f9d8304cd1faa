import { sayKeys } from "./chord";

/** Keys beside what they do. Screen readers get them from `aria-keyshortcuts` or not at all: the name stays short. */
export function Keys({ keys }: { keys: string }) {
  return <kbd aria-hidden="true">{sayKeys(keys, /Mac|iP(hone|ad)/.test(navigator.userAgent))}</kbd>;
}
