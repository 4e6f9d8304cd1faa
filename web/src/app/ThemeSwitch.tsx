import { Icon } from "@/components/Icon";
import { useTheme } from "@/components/preferences";

const NEXT = { auto: "light", light: "dark", dark: "auto" } as const;

/** As the system has it, light, or dark. */
export function ThemeSwitch() {
  const [theme, choose] = useTheme();
  return (
    <button className="quiet" onClick={() => { choose(NEXT[theme]); }} aria-label={`Theme: ${theme}`} title={`Theme: ${theme}`}>
      <Icon name={theme} />
    </button>
  );
}
