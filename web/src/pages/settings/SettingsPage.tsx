/** What belongs to a tenant as a whole: what it is, who is in it, and the tokens for it. Each tab has its own file. */
import { useNavigate, useParams } from "react-router";
import { TabList } from "@/components/TabList";
import { Title } from "@/components/Title";
import * as paths from "@/paths";
import { GeneralTab } from "./GeneralTab";
import { MembersTab } from "./MembersTab";
import styles from "./SettingsPage.module.css";
import { TokensTab } from "./TokensTab";

const LABELS = { general: "General", members: "Members", tokens: "Tokens" };
const TABS = { general: GeneralTab, members: MembersTab, tokens: TokensTab };
type Name = keyof typeof TABS;

export function Component() {
  const { slug = "", tab } = useParams();
  const navigate = useNavigate();
  const active: Name = tab !== undefined && tab in TABS ? (tab as Name) : "general";
  const Tab = TABS[active];
  return (
    <div className={styles.page}>
      <Title>{`${slug} · ${LABELS[active]}`}</Title>
      <h1>Settings</h1>
      <TabList
        label="Settings"
        tabs={LABELS}
        active={active}
        onSelect={(name) => void navigate(paths.settings(slug, name === "general" ? undefined : name))}
      >
        <div className={styles.tab}>
          <Tab key={slug} slug={slug} />
        </div>
      </TabList>
    </div>
  );
}
