import { isRouteErrorResponse, useLocation, useRouteError } from "react-router";
import { Empty } from "@/components/Empty";
import { ProblemPanel } from "@/components/ProblemPanel";

/** Instead of a page that failed, while the rest of the window stays. */
export function PageError() {
  const error = useRouteError();
  if (isRouteErrorResponse(error) && error.status === 404) return <NotFound />;
  return <ProblemPanel error={error} onRetry={() => { location.reload(); }} />;
}

export function NotFound() {
  const { pathname } = useLocation();
  return <Empty title="There is nothing here">No page is at {pathname}.</Empty>;
}
