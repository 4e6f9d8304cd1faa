import { useAction } from "./actions/registry";

/** Keys of the page that is shown, by themselves: an action with a name says in the help what they do. */
export function useKey(keys: string, act: () => void): void {
  useAction({ name: keys, keys, run: act, isKeyOnly: true });
}
