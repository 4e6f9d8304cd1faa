import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { serviceList } from "@/api/services";
import { Empty } from "@/components/Empty";
import { findNearest } from "@/components/nearest";
import { Title } from "@/components/Title";
import * as paths from "@/paths";

/** A service that there is not (any more), and the one that may have been meant. */
export function NoService({ slug, name }: { slug: string; name: string }) {
  const names = useQuery(serviceList(slug)).data?.items.map((service) => service.name) ?? [];
  const near = findNearest(name, names);
  return (
    <Empty isPage title={`There is no service ${name} in ${slug}`}>
      <Title>Not found</Title>
      {near !== undefined && <p>Did you mean <Link to={paths.service(slug, near)}>{near}</Link>?</p>}
      <p>One that was deleted is in <Link to={paths.history(slug, name)}>its history</Link>, and comes back from there.</p>
      <p><Link to={paths.services(slug)}>All services</Link></p>
    </Empty>
  );
}
