/** The operators' pages: tenants, users, who may what, and how the platform is. Each tab has its own file. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "react-router";
import { session } from "@/api/session";
import { Empty } from "@/components/Empty";
import { TabList } from "@/components/TabList";
import { Title } from "@/components/Title";
import * as paths from "@/paths";
import styles from "./AdminPage.module.css";
import { PlatformTab } from "./PlatformTab";
import { RolesTab } from "./RolesTab";
import { TenantsTab } from "./tenants/TenantsTab";
import { UsersTab } from "./users/UsersTab";

const LABELS = { tenants: "Tenants", users: "Users", roles: "Roles", platform: "Platform" };
const TABS = { tenants: TenantsTab, users: UsersTab, roles: RolesTab, platform: PlatformTab };
type Name = keyof typeof TABS;

export function Component() {
  const { tab } = useParams();
  const navigate = useNavigate();
  const user = useQuery(session).data?.user;
  const active: Name = tab !== undefined && tab in TABS ? (tab as Name) : "tenants";
  const Tab = TABS[active];
  if (user === undefined) return null;
  if (!user.operator) return <Empty isPage title="This is for operators">You are signed in as {user.email}, who is none. Ask whoever runs this platform.</Empty>;
  return (
    <div className={styles.page}>
      <Title>{`Admin · ${LABELS[active]}`}</Title>
      <h1>Admin</h1>
      <TabList
        label="Admin"
        tabs={LABELS}
        active={active}
        onSelect={(name) => void navigate(paths.admin(name === "tenants" ? undefined : name))}
      >
        <div className={styles.tab}>
          <Tab />
        </div>
      </TabList>
    </div>
  );
}
