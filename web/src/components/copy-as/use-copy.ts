import type { MenuItem } from "../menu/Menu";
import { useToast } from "../Toasts";
import type { Command } from "./commands";

/** A function that copies a command, and says so. */
export function useCopy(): (command: Command) => void {
  const toast = useToast();
  return ({ name, text }) => {
    void navigator.clipboard.writeText(text).then(() => { toast({ text: `Copied for ${name}` }); });
  };
}

/** Commands as the items of a menu. */
export function copyItems(commands: readonly Command[], copy: (command: Command) => void): MenuItem[] {
  return commands.map((command) => ({ name: `Copy as ${command.name}`, text: command.text, run: () => { copy(command); } }));
}
