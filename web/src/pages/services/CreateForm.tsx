import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { explain } from "@/api/problems";
import { TEMPLATES, createService, serviceList, type Template } from "@/api/services";
import { createCommands } from "@/components/copy-as/service-commands";
import { useAction } from "@/components/actions/registry";
import * as paths from "@/paths";
import styles from "./ServicesPage.module.css";

/** As `core/names.py` has it; what else it refuses, the server says. */
const NAME = /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/;
const RULE = "Small letters, digits and dashes; a letter first, no dash last; at most 40.";

export function CreateForm({ slug, taken }: { slug: string; taken: string[] }) {
  const field = useRef<HTMLInputElement>(null);
  const [name, setName] = useState("");
  const [template, setTemplate] = useState<Template>("blank");
  const errorId = useId();
  const navigate = useNavigate();
  const cache = useQueryClient();
  const creating = useMutation({
    mutationFn: () => createService(slug, name, template),
    onSuccess: async () => {
      void cache.invalidateQueries({ queryKey: serviceList(slug).queryKey });
      await navigate(paths.service(slug, name));
    },
  });
  useAction({ name: "Create service", keys: "c", commands: createCommands(slug, name === "" ? "NAME" : name), run: () => field.current?.focus() });
  const wrong = name !== "" && judge(name, taken);
  return (
    <form
      className={styles.create}
      onSubmit={(event) => {
        event.preventDefault();
        if (name !== "" && !wrong) creating.mutate();
      }}
    >
      <label htmlFor={`${errorId}-name`}>Create new service:</label>
      <input
        ref={field}
        id={`${errorId}-name`}
        value={name}
        onChange={(event) => { setName(event.target.value); creating.reset(); }}
        placeholder="name"
        autoComplete="off"
        spellCheck={false}
        aria-invalid={Boolean(wrong)}
        aria-describedby={errorId}
      />
      <select aria-label="Template" value={template} onChange={(event) => { setTemplate(event.target.value as Template); }}>
        {Object.entries(TEMPLATES).map(([key, label]) => <option key={key} value={key}>{label}</option>)}
      </select>
      <button className="primary" disabled={creating.isPending}>Create</button>
      <kbd aria-hidden="true">c</kbd>
      <p id={errorId} role="alert" className={styles.error}>
        {wrong || (creating.error && (explain(creating.error).detail ?? explain(creating.error).title))}
      </p>
    </form>
  );
}

function judge(name: string, taken: string[]): string | false {
  if (taken.includes(name)) return `There is already a service ${name}.`;
  return !NAME.test(name) && RULE;
}
