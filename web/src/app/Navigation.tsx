/** The places of a tenant. A page that belongs here adds a row, and its keys after `g`. */
import { NavLink } from "react-router";
import { Icon, type IconName } from "@/components/Icon";
import * as paths from "@/paths";
import styles from "./Navigation.module.css";

const PLACES: { name: string; icon: IconName; to: (slug: string) => string }[] = [
  { name: "Services", icon: "services", to: paths.services },
];

export function Navigation({ slug }: { slug: string }) {
  return (
    <nav aria-label="Tenant" className={styles.nav}>
      {PLACES.map(({ name, icon, to }) => (
        <NavLink key={name} to={to(slug)} className={styles.place ?? ""}>
          <Icon name={icon} /> {name}
        </NavLink>
      ))}
    </nav>
  );
}
