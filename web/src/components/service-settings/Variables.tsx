import { useState, type KeyboardEvent } from "react";
import { Icon } from "../Icon";
import styles from "./ServiceSettings.module.css";
import { judgeVariable } from "./fields";
import type { Descriptor, Path } from "./yaml-edit";

interface Props {
  found: Descriptor;
  onChange: (path: Path, value: string | null) => void;
}

/** The environment of the handler. */
export function Variables({ found, onChange }: Props) {
  const variables = [...found.within("env")];
  return (
    <fieldset className={styles.variables}>
      <legend>Environment variables</legend>
      {variables.map(([name, value]) => (
        <div key={name} className={styles.variable}>
          <code title={name}>{name}</code>
          {value === null ? (
            <span className="muted">several lines: change it in the editor</span>
          ) : (
            <input aria-label={name} value={value} onChange={(event) => { onChange(["env", name], event.target.value); }} spellCheck={false} autoComplete="off" />
          )}
          <button type="button" className="quiet" aria-label={`Remove ${name}`} title={`Remove ${name}`} onClick={() => { onChange(["env", name], null); }}>
            <Icon name="trash" />
          </button>
        </div>
      ))}
      <NewVariable taken={variables.map(([name]) => name)} onAdd={(name) => { onChange(["env", name], ""); }} />
      <p className="muted">Taken literally, as text. They are in git: a secret does not belong here.</p>
    </fieldset>
  );
}

function NewVariable({ taken, onAdd }: { taken: string[]; onAdd: (name: string) => void }) {
  const [name, setName] = useState("");
  const wrong = name !== "" && judgeVariable(name, taken);
  const add = () => {
    if (name === "" || wrong) return;
    onAdd(name);
    setName("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add();
  };
  return (
    <div className={styles.variable}>
      <input aria-label="New variable" placeholder="NAME" value={name} onChange={(event) => { setName(event.target.value); }} onKeyDown={onKeyDown} aria-invalid={Boolean(wrong)} spellCheck={false} autoComplete="off" />
      <button type="button" onClick={add}>Add</button>
      <span role="alert" className={styles.wrong}>{wrong}</span>
    </div>
  );
}
