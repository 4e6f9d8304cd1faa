/** The places of a tenant. A page that belongs here adds a row, and its keys after `g`. */
import { Link, matchPath, useLocation, useNavigate } from "react-router";
import { useAction } from "@/components/actions/registry";
import { Icon, type IconName } from "@/components/Icon";
import * as paths from "@/paths";
import styles from "./Navigation.module.css";

interface Place {
  name: string;
  icon: IconName;
  keys: string;
  to: (slug: string) => string;
  /** What is below it: pages of the place too. */
  below: string;
}

const PLACES: Place[] = [
  { name: "Services", icon: "services", keys: "g s", to: paths.services, below: "/s/" },
  { name: "History", icon: "history", keys: "g h", to: paths.history, below: "/" },
  { name: "Sync", icon: "sync", keys: "g y", to: paths.sync, below: "/" },
  { name: "Settings", icon: "settings", keys: "g ,", to: paths.settings, below: "/" },
];

export function Navigation({ slug }: { slug: string }) {
  return (
    <nav aria-label="Tenant" className={styles.nav}>
      {PLACES.map((place) => <PlaceLink key={place.name} slug={slug} place={place} />)}
    </nav>
  );
}

function PlaceLink({ slug, place: { name, icon, keys, to, below } }: { slug: string; place: Place }) {
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const isBelow = pathname === to(slug) || pathname.startsWith(to(slug) + below);
  const isHere = isPast(pathname) ? to === paths.history : isBelow;
  useAction({ name: `Go to ${name}`, keys, run: () => void navigate(to(slug)) });
  return (
    <Link to={to(slug)} className={styles.place} aria-current={isHere ? "page" : undefined}>
      <Icon name={icon} /> {name}
    </Link>
  );
}

/** Is it about a commit, though not below the history's address? */
function isPast(pathname: string): boolean {
  const { commit, compare, files } = paths.patterns;
  if (matchPath(commit, pathname) ?? matchPath(compare, pathname)) return true;
  const file = matchPath(files, pathname)?.params["*"];
  return file !== undefined && paths.readFile(file, "").ref !== undefined;
}
