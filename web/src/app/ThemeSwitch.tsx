import { useState } from "react";
import { Icon } from "@/components/Icon";

const NEXT = { auto: "light", light: "dark", dark: "auto" } as const;
const KEY = "paaks.theme"; // read before the first paint by public/theme.js

/** As the system has it, light, or dark. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState<keyof typeof NEXT>(readTheme);
  const change = () => {
    const next = NEXT[theme];
    setTheme(next);
    localStorage.setItem(KEY, next);
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
  };
  return (
    <button className="quiet" onClick={change} aria-label={`Theme: ${theme}`} title={`Theme: ${theme}`}>
      <Icon name={theme} />
    </button>
  );
}

function readTheme(): keyof typeof NEXT {
  const kept = document.documentElement.dataset.theme;
  return kept === "light" || kept === "dark" ? kept : "auto";
}
