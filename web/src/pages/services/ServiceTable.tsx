import { useMutation } from "@tanstack/react-query";
import { Link } from "react-router";
import { deleteService, rollBack } from "@/api/services";
import type { Service } from "@/api/schema";
import { explain } from "@/api/problems";
import { useListKeys } from "@/components/history/use-list-keys";
import { StatusChip } from "@/components/StatusChip";
import { Time, sayDuration } from "@/components/Time";
import { useToast } from "@/components/Toasts";
import * as paths from "@/paths";
import styles from "./ServicesPage.module.css";

const COLUMNS = ["Service", "Status", "Commit", "Changed", "Live in"];

export function ServiceTable({ slug, services }: { slug: string; services: Service[] }) {
  const list = useListKeys<HTMLDivElement>();
  return (
    <div ref={list} className={styles.frame}>
      <table aria-label="Services" className={styles.table}>
        <thead>
          <tr>
            {COLUMNS.map((name) => <th key={name} scope="col">{name}</th>)}
            <th scope="col" className={styles.actions}>Action</th>
          </tr>
        </thead>
        <tbody>
          {services.map((service) => <Row key={service.name} slug={slug} service={service} />)}
        </tbody>
      </table>
    </div>
  );
}

function Row({ slug, service }: { slug: string; service: Service }) {
  return (
    <tr>
      <td><Link data-row={service.name} className={styles.name} to={paths.service(slug, service.name)}>{service.name}</Link></td>
      <td><StatusChip service={service} /></td>
      <td>
        <span className={styles.subject}>
          <code className="muted">{service.commit.slice(0, 7)}</code> {service.subject}
        </span>
      </td>
      <td className="muted">{service.author.name}, <Time at={service.at} /></td>
      <td className="muted">{service.release?.liveMs ? sayDuration(service.release.liveMs) : "–"}</td>
      <td className={styles.actions}><DeleteButton slug={slug} name={service.name} /></td>
    </tr>
  );
}

/** Takes a service away at once, for the way back is one click and for ever in history. */
function DeleteButton({ slug, name }: { slug: string; name: string }) {
  const toast = useToast();
  const fail = (error: Error) => { toast({ text: `${name}: ${explain(error).detail ?? explain(error).title}` }); };
  const undo = useMutation({ mutationFn: () => rollBack(slug, name), onError: fail });
  const remove = useMutation({
    mutationFn: () => deleteService(slug, name),
    onSuccess: () => { toast({ text: `Deleted ${name}`, action: { label: "Undo", run: undo.mutate } }); },
    onError: fail,
  });
  return (
    <button className="quiet danger" aria-label={`Delete ${name}`} disabled={remove.isPending} onClick={() => { remove.mutate(); }}>
      Delete
    </button>
  );
}
