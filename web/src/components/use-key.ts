/** Shortcuts of the page that is shown. */
import { useEffect, useEffectEvent } from "react";
import { readPreference } from "./preferences";

/** `Mod+s` (⌘ or Ctrl), `Mod+Alt+z`, `c`, `Shift+r`. Single keys are left alone while somebody types, and where they are switched off. */
export function useKey(chord: string, act: () => void): void {
  const run = useEffectEvent(act);
  useEffect(() => {
    const parts = chord.split("+");
    const key = parts.pop() ?? "";
    const isSingle = !parts.includes("Mod") && !parts.includes("Alt");
    const listen = (event: KeyboardEvent) => {
      const hasMod = event.metaKey || event.ctrlKey;
      const isChord = hasMod === parts.includes("Mod") && event.altKey === parts.includes("Alt");
      const isKey = event.key.toLowerCase() === key.toLowerCase() || event.code === `Key${key.toUpperCase()}`;
      const isShifted = key.length > 1 || parts.length > 0 ? event.shiftKey === parts.includes("Shift") : true;
      if (!isChord || !isKey || !isShifted || event.defaultPrevented) return;
      if (isSingle && (isTyping(event.target) || (key.length === 1 && !readPreference("single-keys")))) return;
      event.preventDefault();
      run();
    };
    window.addEventListener("keydown", listen);
    return () => {
      window.removeEventListener("keydown", listen);
    };
  }, [chord]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
