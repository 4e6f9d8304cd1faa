import { Suspense, lazy } from "react";
import type { DrawerProps } from "./Drawer";

/** It reads YAML as the editor does, and comes with it. */
const ServiceSettings = lazy(() =>
  import("@/components/service-settings/ServiceSettings").then((module) => ({ default: module.ServiceSettings })),
);

export function SettingsTab({ slug, service }: DrawerProps) {
  return (
    <Suspense>
      <ServiceSettings slug={slug} service={service} />
    </Suspense>
  );
}
