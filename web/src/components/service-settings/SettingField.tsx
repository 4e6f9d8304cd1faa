import { Field } from "../Field";
import { readField } from "./fields";
import type { Descriptor, Path } from "./yaml-edit";

interface Props {
  label: string;
  path: Path;
  usual: string;
  hint: string;
  choices?: readonly string[];
  /** The text with what has been changed. */
  found: Descriptor;
  onChange: (path: Path, value: string | null) => void;
}

const WORDS: Record<string, string> = { true: "yes", false: "no" };

/** One field; what is not written has its default, and what is emptied is written no more. */
export function SettingField({ label, path, usual, hint, choices, found, onChange }: Props) {
  const value = readField(found, path);
  if (value === null) return <Field label={label} hint="It is written in a way that only the editor can change.">{(control) => <input {...control} disabled value="…" />}</Field>;
  return (
    <Field label={label} hint={value === undefined && usual !== "" ? `${hint} Not written: ${WORDS[usual] ?? usual}.` : hint}>
      {(control) =>
        choices === undefined ? (
          <input
            {...control}
            value={value ?? ""}
            placeholder={usual}
            onChange={(event) => { onChange(path, event.target.value || null); }}
            spellCheck={false}
            autoComplete="off"
          />
        ) : (
          <select {...control} value={value ?? usual} onChange={(event) => { onChange(path, event.target.value); }}>
            {choices.map((choice) => <option key={choice} value={choice}>{WORDS[choice] ?? choice}</option>)}
          </select>
        )
      }
    </Field>
  );
}
