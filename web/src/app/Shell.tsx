/** What is around every page: who is signed in, where one can go, and the stream of events that keeps pages current. */
import { useQuery } from "@tanstack/react-query";
import { Link, Navigate, Outlet, useLocation, useParams } from "react-router";
import { sessionEnded } from "@/api/query-client";
import { isSignedOut } from "@/api/problems";
import { session } from "@/api/session";
import { ProblemPanel } from "@/components/ProblemPanel";
import { SignInForm } from "@/components/SignInForm";
import * as paths from "@/paths";
import { Navigation } from "./Navigation";
import { OfflineBanner } from "./OfflineBanner";
import { CommandBar } from "./palette/CommandBar";
import { NoTenant } from "./PageError";
import styles from "./Shell.module.css";
import { StreamStatus } from "./StreamStatus";
import { TenantSwitch } from "./TenantSwitch";
import { ThemeSwitch } from "./ThemeSwitch";
import { UserMenu } from "./UserMenu";

export function Shell() {
  const { data, error, refetch } = useQuery(session);
  const hasEnded = useQuery(sessionEnded).data;
  const { pathname, search, hash } = useLocation();
  const { slug } = useParams();
  if (data === undefined) {
    if (isSignedOut(error)) return <Navigate to={paths.login(pathname + search + hash)} replace />;
    return error && <ProblemPanel error={error} onRetry={() => void refetch()} />;
  }
  const slugs = data.tenants.map((tenant) => tenant.slug);
  const isKnown = slug !== undefined && slugs.includes(slug);
  const isLost = slug !== undefined && !isKnown;
  return (
    <div className={styles.shell}>
      <OfflineBanner />
      <a className={styles.skip} href="#main">Skip to content</a>
      <header className={styles.bar}>
        <Link to={paths.patterns.home} className={styles.brand} aria-label="PaaKS, home">
          <img src="/favicon.svg" alt="" width="20" height="20" /> PaaKS
        </Link>
        {isKnown && <TenantSwitch slug={slug} tenants={data.tenants} />}
        <span className={styles.space} />
        {isKnown && <StreamStatus slug={slug} />}
        <CommandBar slug={isKnown ? slug : undefined} />
        <ThemeSwitch />
        <UserMenu session={data} />
      </header>
      {isKnown && <Navigation slug={slug} />}
      <main id="main" className={styles.main} tabIndex={-1}>
        {isLost ? <NoTenant slug={slug} slugs={slugs} /> : <Outlet />}
      </main>
      {hasEnded && (
        <div className={styles.again} role="dialog" aria-modal="true" aria-label="Sign in again">
          <SignInForm title="Your session has ended" note="Nothing is lost: sign in, and go on where you were." />
        </div>
      )}
    </div>
  );
}
