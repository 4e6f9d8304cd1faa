import { Link } from "react-router";
import { CopyAs } from "@/components/copy-as/CopyAs";
import { fileCommands } from "@/components/copy-as/commands";
import { useRights } from "@/components/use-rights";
import * as paths from "@/paths";
import styles from "./FilePage.module.css";
import type { FileOfCommit } from "./place";

interface Props {
  place: FileOfCommit;
  isFile: boolean;
  onEdit: () => void;
  onPin: () => void;
}

/** The way up, step by step, and what one can do with the file. */
export function FileHead({ place, isFile, onEdit, onPin }: Props) {
  const { slug, service, path, ref, commit } = place;
  const mayCommit = useRights(slug).mayCommit;
  const steps = path.split("/").filter(Boolean);
  return (
    <header className={styles.head}>
      <nav aria-label="Path" className={styles.path}>
        <Link to={paths.services(slug)}>Services</Link>
        <span aria-hidden="true">/</span>
        <Link to={paths.service(slug, service)}>{service}</Link>
        <span aria-hidden="true">/</span>
        <Link to={paths.file(slug, service, "", { ref })}>files</Link>
        {steps.slice(0, -1).map((step, index) => (
          <span key={index}>
            <span aria-hidden="true">/</span> <Link to={paths.file(slug, service, steps.slice(0, index + 1).join("/"), { ref })}>{step}</Link>
          </span>
        ))}
        {steps.length > 0 && <span aria-hidden="true">/</span>}
        <h1>{steps.at(-1) ?? <span className="hidden">Files of {service}</span>}</h1>
      </nav>
      <code className="muted" title={commit}>{commit.slice(0, 7)}</code>
      <span className={styles.actions}>
        {ref === undefined && <button className="quiet" title="y" onClick={onPin}>Permalink <kbd>y</kbd></button>}
        {ref !== undefined && <Link className="button" to={paths.file(slug, service, path)}>Now</Link>}
        {isFile && mayCommit && <button title="e" onClick={onEdit}>Edit <kbd>e</kbd></button>}
        {isFile && <CopyAs commands={fileCommands(slug, { ...place, ref: commit })} />}
      </span>
    </header>
  );
}
