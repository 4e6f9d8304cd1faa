/** Instead of a page that failed or is not there, while the rest of the window stays. */
import { useQuery } from "@tanstack/react-query";
import { Link, isRouteErrorResponse, useLocation, useRouteError } from "react-router";
import { session } from "@/api/session";
import { Empty } from "@/components/Empty";
import { findNearest } from "@/components/nearest";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Title } from "@/components/Title";
import * as paths from "@/paths";

export function PageError() {
  const error = useRouteError();
  if (isRouteErrorResponse(error) && error.status === 404) return <NotFound />;
  return <ProblemPanel error={error} onRetry={() => { location.reload(); }} />;
}

/** An address that leads nowhere, and the one that may have been meant. */
export function NotFound() {
  const { pathname } = useLocation();
  const { data } = useQuery(session);
  const known = data?.tenants.flatMap(({ slug }) => [paths.services(slug), paths.settings(slug)]) ?? [];
  const near = findNearest(pathname, [...known, paths.patterns.account, paths.admin()]);
  return (
    <Empty isPage title="There is nothing here">
      <Title>Not found</Title>
      <p>No page is at {pathname}.</p>
      {near !== undefined && <p>Did you mean <Link to={near}>{near}</Link>?</p>}
    </Empty>
  );
}

/** A tenant that there is not, or of which one may not know: the server does not say which. */
export function NoTenant({ slug, slugs }: { slug: string; slugs: string[] }) {
  const near = findNearest(slug, slugs);
  return (
    <Empty isPage title={`There is no tenant ${slug}`}>
      <Title>Not found</Title>
      <p>Or you have no role in it: an admin of it, or an operator, gives you one.</p>
      {near !== undefined && <p>Did you mean <Link to={paths.services(near)}>{near}</Link>?</p>}
      {near === undefined && slugs.length > 0 && <p>You are in {slugs.map((known, index) => <span key={known}>{index > 0 && ", "}<Link to={paths.services(known)}>{known}</Link></span>)}.</p>}
    </Empty>
  );
}
