import { useActions } from "../actions/registry";
import { CopyAs } from "./CopyAs";

/** Everything that can be done on this page, to do in a terminal. */
export function CopyActions() {
  const groups = useActions()
    .filter(({ commands }) => commands.length > 0)
    .map(({ name, commands }) => ({ title: name, commands }));
  return <CopyAs groups={groups} />;
}
