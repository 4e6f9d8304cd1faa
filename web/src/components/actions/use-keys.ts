/** The one place that listens to keys, and does what the page that is shown has for them. */
import { useLayoutEffect } from "react";
import { readPreference } from "../preferences";
import { follow, isSingle } from "./chord";
import { readActions } from "./registry";

const PAUSE = 1_500; // milliseconds between two keys in a row

/** Once, around all pages. What stands in front of a page (a modal dialog) has its own keys. */
export function useKeys(): void {
  useLayoutEffect(() => {
    let begun: string | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isHeld(event) || document.querySelector("dialog:modal") !== null) return;
      const before = begun;
      begun = null;
      clearTimeout(timer);
      for (const { keys, run } of readActions().toReversed()) {
        if (keys === undefined || (isSingle(keys) && !mayBeSingle(event))) continue;
        const step = follow(keys, before, event);
        if (step === "no") continue;
        event.preventDefault();
        if (step === "end") {
          run();
          return;
        }
        begun = keys.split(" ")[0] ?? null;
        timer = setTimeout(() => { begun = null; }, PAUSE);
      }
    };
    window.addEventListener("keydown", listen);
    return () => {
      window.removeEventListener("keydown", listen);
      clearTimeout(timer);
    };
  }, []);
}

/** Shift and its like arrive as presses of their own: they must not end keys in a row. */
function isHeld({ key }: KeyboardEvent): boolean {
  return ["Shift", "Control", "Alt", "Meta"].includes(key);
}

function mayBeSingle({ target }: KeyboardEvent): boolean {
  const isTyping = target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
  return !isTyping && readPreference("single-keys");
}
