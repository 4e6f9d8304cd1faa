import { Link } from "react-router";
import type { Pod } from "@/api/schema";
import { onePodCommands } from "@/components/copy-as/service-commands";
import { copyItems, useCopy } from "@/components/copy-as/use-copy";
import { Menu, type MenuItem } from "@/components/menu/Menu";
import { Time } from "@/components/Time";
import * as paths from "@/paths";
import { findCause, type Place } from "@/components/history/traceback";
import { LOOKS, sayEnd } from "./pods";
import styles from "./ResourcesTab.module.css";

interface Props {
  slug: string;
  pod: Pod;
  /** The commit that is wanted. */
  wanted: string;
  namespace: string | undefined;
  files: readonly string[];
  onOpen: (place: Place) => void;
}

export function PodRow({ slug, pod, wanted, namespace, files, onOpen }: Props) {
  const { name, commit, state, sentence, message, createdAt, restarts, lastEnd } = pod;
  const copy = useCopy();
  const place = findCause({ message }, files);
  const { sign, word } = LOOKS[state];
  const list = (): MenuItem[] => {
    const copyName = { name: "Copy the name", text: name, run: () => { copy({ name: "kubectl", text: name }); } };
    if (namespace === undefined) return [copyName];
    const { logs, describe } = onePodCommands(name, namespace);
    const named = (what: string, items: MenuItem[]) => items.map((item) => ({ ...item, name: what }));
    return [...named("Copy kubectl logs", copyItems(logs, copy)), ...named("Copy kubectl describe", copyItems(describe, copy)), copyName];
  };
  return (
    <tr>
      <th scope="row" className={styles.whole}><code>{name}</code></th>
      <td>
        <span className={styles.state} data-state={state}><span aria-hidden="true">{sign}</span> {word}</span>
        {state !== "ready" && <p className={styles.why}>{sentence}</p>}
        {place && <button className={`quiet mono ${styles.place ?? ""}`} onClick={() => { onOpen(place); }}>{place.file}:{place.line}</button>}
      </td>
      <td className={styles.whole}>
        {commit === null ? <span className="muted">not known</span> : <Link to={paths.commit(slug, commit)}><code>{commit.slice(0, 7)}</code></Link>}
        {commit !== null && commit !== wanted && <span className="muted"> older</span>}
      </td>
      <td className={styles.short}><Time at={createdAt} /></td>
      <td>
        {restarts}
        {lastEnd && state !== "failed" && (
          <p className={styles.why}>{sayEnd(lastEnd)}{lastEnd.at && <>, <Time at={lastEnd.at} /></>}</p>
        )}
      </td>
      <td><Menu label={`Actions of ${name}`} list={list} /></td>
    </tr>
  );
}
