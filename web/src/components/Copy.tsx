import { Icon } from "./Icon";
import { useToast } from "./Toasts";

/** A text that a click copies. */
export function Copy({ text, label }: { text: string; label: string }) {
  const toast = useToast();
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    toast({ text: `Copied ${label}` });
  };
  return (
    <button className="quiet" onClick={copy} aria-label={`Copy ${label}`} title={`Copy ${label}`}>
      <Icon name="copy" />
    </button>
  );
}
