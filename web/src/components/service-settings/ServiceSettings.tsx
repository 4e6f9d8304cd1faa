/** The fields of a service.yaml as a form. What is changed is shown as a change of the text, and becomes a commit. */
import type { Service } from "@/api/schema";
import { ProblemPanel } from "../ProblemPanel";
import { useRights } from "../use-rights";
import { Preview } from "./Preview";
import styles from "./ServiceSettings.module.css";
import { SettingField } from "./SettingField";
import { Variables } from "./Variables";
import { FIELDS, NAME_FIELD } from "./fields";
import { useSettings } from "./use-settings";

export function ServiceSettings({ slug, service }: { slug: string; service: Service }) {
  const settings = useSettings(slug, service);
  const { mayCommit } = useRights(slug);
  const { text, next, found, change } = settings;
  if (settings.error) return <ProblemPanel error={settings.error} />;
  if (text === undefined) return null;
  if (next === null || found === null) return <p className={styles.note}>service.yaml is written in a way that a form cannot change: open it in the editor.</p>;
  const fields = service.path === "" ? [NAME_FIELD, ...FIELDS] : FIELDS;
  return (
    <div className={styles.settings}>
      <fieldset disabled={!mayCommit} className={styles.fields}>
        <legend className="hidden">Settings of {service.name}</legend>
        {!mayCommit && <p className={styles.wide}>It takes the role developer or admin to change these.</p>}
        {fields.map((field) => <SettingField key={field.label} {...field} found={next} onChange={change} />)}
        <Variables found={next} onChange={change} />
      </fieldset>
      <Preview settings={settings} />
    </div>
  );
}
