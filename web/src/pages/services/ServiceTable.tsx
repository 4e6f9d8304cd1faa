import { Link } from "react-router";
import type { Service } from "@/api/schema";
import { useListKeys } from "@/components/history/use-list-keys";
import { Menu, type MenuItem } from "@/components/menu/Menu";
import { StatusChip } from "@/components/StatusChip";
import { Time, sayDuration } from "@/components/Time";
import * as paths from "@/paths";
import { SortHead } from "./SortHead";
import styles from "./ServicesPage.module.css";
import { useServiceItems } from "./use-service-items";
import type { View } from "./view";

interface Props {
  slug: string;
  services: Service[];
  view: View;
  onChange: (view: View) => void;
}

export function ServiceTable({ slug, services, ...sorting }: Props) {
  const list = useListKeys<HTMLDivElement>();
  const itemsOf = useServiceItems(slug);
  return (
    <div ref={list} className={styles.frame}>
      <table aria-label="Services" className={styles.table}>
        <thead>
          <tr>
            <SortHead sort="name" {...sorting}>Service</SortHead>
            <SortHead sort="status" {...sorting}>Status</SortHead>
            <th scope="col">Commit</th>
            <SortHead sort="changed" {...sorting}>Changed</SortHead>
            <th scope="col">Live in</th>
            <th scope="col" className={styles.actions}>Action</th>
          </tr>
        </thead>
        <tbody>
          {services.map((service) => (
            <Row key={service.name} slug={slug} service={service} list={() => itemsOf(service)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ slug, service, list }: { slug: string; service: Service; list: () => MenuItem[] }) {
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
      <td className={styles.actions}><Menu label={`Actions of ${service.name}`} list={list} /></td>
    </tr>
  );
}
