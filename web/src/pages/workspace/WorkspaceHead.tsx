import { Link } from "react-router";
import type { Service } from "@/api/schema";
import { Copy } from "@/components/Copy";
import { CopyActions } from "@/components/copy-as/CopyActions";
import { StatusChip } from "@/components/StatusChip";
import { Time } from "@/components/Time";
import * as paths from "@/paths";
import { RollBack } from "./RollBack";
import styles from "./WorkspaceHead.module.css";

/** Which service this is, how it is doing, what is live, where it answers, and the way back. */
export function WorkspaceHead({ slug, service }: { slug: string; service: Service }) {
  return (
    <header className={styles.head}>
      <Link to={paths.services(slug)}>Services</Link>
      <span className="muted">/</span>
      <h1>{service.name}</h1>
      <StatusChip service={service} />
      <p className={styles.revision}>
        <code>{service.commit.slice(0, 7)}</code> {service.subject} · {service.author.name}, <Time at={service.at} />
      </p>
      <span className={styles.url}>
        <a href={service.url} target="_blank" rel="noreferrer">{service.url.replace(/^https?:\/\//, "")}</a>
        <Copy text={service.url} label="the address" />
      </span>
      <CopyActions />
      <RollBack slug={slug} service={service} />
    </header>
  );
}
