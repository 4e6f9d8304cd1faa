/** Addresses that only lead on: `/` to the tenant that was last open, the original's to where their things are now. */
import { useQuery } from "@tanstack/react-query";
import { Navigate, useParams } from "react-router";
import { session } from "@/api/session";
import { Empty } from "@/components/Empty";
import * as paths from "@/paths";
import { readLastTenant } from "./last-tenant";

function useTenant(): string | undefined {
  const slugs = useQuery(session).data?.tenants.map((tenant) => tenant.slug) ?? [];
  const last = readLastTenant();
  return last !== null && slugs.includes(last) ? last : slugs[0];
}

export function Home() {
  const slug = useTenant();
  const isOperator = useQuery(session).data?.user.operator ?? false;
  if (slug !== undefined) return <Navigate to={paths.services(slug)} replace />;
  if (isOperator) return <Navigate to={paths.admin()} replace />;
  return <Empty isPage title="No tenant yet">An operator makes one, and gives you a role in it.</Empty>;
}

export function OldAddress() {
  const { service = "", "*": file } = useParams();
  const slug = useTenant();
  return <Navigate to={slug === undefined ? paths.patterns.home : paths.service(slug, service, file)} replace />;
}
