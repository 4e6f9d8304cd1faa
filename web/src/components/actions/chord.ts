/** The keys of an action: `c`, `Shift+r`, `Mod+s` (⌘ or Ctrl), `Mod+Alt+z`, `g s` (one after the other). Pure. */

export type Press = Pick<KeyboardEvent, "key" | "code" | "metaKey" | "ctrlKey" | "altKey" | "shiftKey">;

const SIGNS: Record<string, string> = { Enter: "↵", Escape: "Esc", ArrowUp: "↑", ArrowDown: "↓" };
const ON_A_MAC: Record<string, string> = { Mod: "⌘", Alt: "⌥", Shift: "⇧" };
const ELSEWHERE: Record<string, string> = { Mod: "Ctrl+", Alt: "Alt+", Shift: "Shift+" };

/** Does a press end these keys, begin them, or neither? `begun`: what was pressed before it, of keys in a row. */
export function follow(keys: string, begun: string | null, press: Press): "end" | "begin" | "no" {
  const [first = "", second] = keys.split(" ");
  if (second === undefined) return begun === null && isStep(first, press) ? "end" : "no";
  if (begun === null) return isStep(first, press) ? "begin" : "no";
  return begun === first && isStep(second, press) ? "end" : "no";
}

function isStep(step: string, { key, code, metaKey, ctrlKey, altKey, shiftKey }: Press): boolean {
  const parts = step.split("+");
  const wanted = parts.pop() ?? "";
  const isHeld = (name: string, held: boolean) => parts.includes(name) === held;
  // Alt makes another character of a letter; then its place on the keyboard counts.
  const isKey = key.toLowerCase() === wanted.toLowerCase() || (altKey && code === `Key${wanted.toUpperCase()}`);
  // On some keyboards `?` and `/` need Shift, on others not.
  const isSign = wanted.length === 1 && wanted.toLowerCase() === wanted.toUpperCase();
  return isKey && isHeld("Mod", metaKey || ctrlKey) && isHeld("Alt", altKey) && (isSign || isHeld("Shift", shiftKey));
}

/** A single character, alone or in a row: left alone while somebody types, and where such keys are switched off. */
export function isSingle(keys: string): boolean {
  return keys.split(" ").every((step) => step.replace("Shift+", "").length === 1);
}

/** Keys as the keyboard in front of the person has them: `⌘⇧S` or `Ctrl+Shift+S`, `g s`. */
export function sayKeys(keys: string, isMac: boolean): string {
  return keys.split(" ").map((step) => sayStep(step, isMac ? ON_A_MAC : ELSEWHERE)).join(" ");
}

function sayStep(step: string, names: Record<string, string>): string {
  const parts = step.split("+");
  const key = parts.pop() ?? "";
  return parts.map((part) => names[part] ?? "").join("") + (SIGNS[key] ?? (parts.length > 0 ? key.toUpperCase() : key));
}
