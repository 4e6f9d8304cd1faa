/** What somebody has chosen for this browser: on or off, and the theme. Kept in it, and the same in all its tabs. */
import { useSyncExternalStore } from "react";

/** `single-keys`: shortcuts of one letter work. `ask-message`: ⌘S asks for a message, as ⌘⇧S does. `wrap-log`: long lines of a log go on below. */
const DEFAULTS = { "single-keys": true, "ask-message": false, "wrap-log": false };
export type Preference = keyof typeof DEFAULTS;

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];
const THEME = "paaks.theme"; // read before the first paint by public/theme.js

const listeners = new Set<() => void>();

function subscribe(tell: () => void): () => void {
  // Another tab has chosen.
  const follow = () => {
    show(readTheme());
    tell();
  };
  listeners.add(tell);
  window.addEventListener("storage", follow);
  return () => {
    listeners.delete(tell);
    window.removeEventListener("storage", follow);
  };
}

function keep(key: string, value: string): void {
  localStorage.setItem(key, value);
  for (const tell of listeners) tell();
}

export function readPreference(name: Preference): boolean {
  const kept = localStorage.getItem(`paaks.${name}`);
  return kept === null ? DEFAULTS[name] : kept === "on";
}

export function usePreference(name: Preference): [boolean, (isOn: boolean) => void] {
  const isOn = useSyncExternalStore(subscribe, () => readPreference(name));
  return [isOn, (wanted) => { keep(`paaks.${name}`, wanted ? "on" : "off"); }];
}

function readTheme(): Theme {
  return THEMES.find((theme) => theme === localStorage.getItem(THEME)) ?? "auto";
}

function show(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** As the system has it, light, or dark. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const theme = useSyncExternalStore(subscribe, readTheme);
  const choose = (wanted: Theme) => {
    show(wanted);
    keep(THEME, wanted);
  };
  return [theme, choose];
}
