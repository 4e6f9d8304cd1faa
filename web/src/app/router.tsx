/** Which page is at which address. Each is loaded when it is first opened. */
import { createBrowserRouter } from "react-router";
import { patterns } from "@/paths";
import { Home, OldAddress } from "./Home";
import { NotFound, PageError } from "./PageError";
import { Shell } from "./Shell";

export const router = createBrowserRouter([
  {
    ErrorBoundary: PageError,
    HydrateFallback: () => null,
    children: [
      { path: patterns.login, lazy: () => import("@/pages/login/LoginPage") },
      { path: patterns.signIn, lazy: () => import("@/pages/login/SignInPage") },
      {
        Component: Shell,
        children: [
          { path: patterns.home, Component: Home },
          { path: patterns.oldFiles, Component: OldAddress },
          { path: patterns.oldView, Component: OldAddress },
          { path: patterns.oldEdit, Component: OldAddress },
          {
            ErrorBoundary: PageError,
            children: [
              { path: patterns.tenant, lazy: () => import("@/pages/services/ServicesPage") },
              { path: patterns.settings, lazy: () => import("@/pages/settings/SettingsPage") },
              { path: patterns.account, lazy: () => import("@/pages/account/AccountPage") },
              { path: patterns.admin, lazy: () => import("@/pages/admin/AdminPage") },
              { path: patterns.service, lazy: () => import("@/pages/workspace/WorkspacePage") },
              { path: patterns.files, lazy: () => import("@/pages/file/FilePage") },
              { path: patterns.history, lazy: () => import("@/pages/history/HistoryPage") },
              { path: patterns.commit, lazy: () => import("@/pages/commit/CommitPage") },
              { path: patterns.compare, lazy: () => import("@/pages/compare/ComparePage") },
              { path: patterns.sync, lazy: () => import("@/pages/sync/SyncPage") },
            ],
          },
          { path: "*", Component: NotFound },
        ],
      },
    ],
  },
]);
