/** The places of a tenant. A page that belongs here adds a row, and its keys after `g`. */
import { Link, useLocation } from "react-router";
import { Icon, type IconName } from "@/components/Icon";
import * as paths from "@/paths";
import styles from "./Navigation.module.css";

interface Place {
  name: string;
  icon: IconName;
  to: (slug: string) => string;
  /** What is below it: pages of the place too. */
  below: string;
}

const PLACES: Place[] = [
  { name: "Services", icon: "services", to: paths.services, below: "/s/" },
  { name: "Settings", icon: "settings", to: paths.settings, below: "/" },
];

export function Navigation({ slug }: { slug: string }) {
  const { pathname } = useLocation();
  return (
    <nav aria-label="Tenant" className={styles.nav}>
      {PLACES.map(({ name, icon, to, below }) => {
        const isHere = pathname === to(slug) || pathname.startsWith(to(slug) + below);
        return (
          <Link key={name} to={to(slug)} className={styles.place} aria-current={isHere ? "page" : undefined}>
            <Icon name={icon} /> {name}
          </Link>
        );
      })}
    </nav>
  );
}
