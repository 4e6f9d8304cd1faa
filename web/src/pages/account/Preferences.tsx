import { Panel } from "@/components/Panel";
import { THEMES, usePreference, useTheme, type Preference, type Theme } from "@/components/preferences";
import styles from "./AccountPage.module.css";

const THEME_LABELS: Record<Theme, string> = { auto: "As the system has it", light: "Light", dark: "Dark" };

export function Preferences() {
  const [theme, setTheme] = useTheme();
  return (
    <Panel title="These pages" note="Kept in this browser.">
      <div className={styles.choices}>
        <fieldset className={styles.themes}>
          <legend>Theme</legend>
          {THEMES.map((name) => (
            <label key={name}>
              <input type="radio" name="theme" checked={theme === name} onChange={() => { setTheme(name); }} /> {THEME_LABELS[name]}
            </label>
          ))}
        </fieldset>
        <Choice name="single-keys" label="Shortcuts of a single key" note="c, /, j, k … outside of text fields; chords with ⌘ or Ctrl work either way" />
        <Choice name="ask-message" label="⌘S asks for a message" note="as ⌘⇧S does; without, a commit is called after what it changes" />
      </div>
    </Panel>
  );
}

function Choice({ name, label, note }: { name: Preference; label: string; note: string }) {
  const [isOn, setOn] = usePreference(name);
  return (
    <label className={styles.choice}>
      <input type="checkbox" checked={isOn} onChange={(event) => { setOn(event.target.checked); }} />
      <span>{label} <span className="muted">{note}</span></span>
    </label>
  );
}
