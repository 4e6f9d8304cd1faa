/** Short words on what has just happened, read out by screen readers, with a way back where there is one. */
import { createContext, use, useCallback, useState, type ReactNode } from "react";
import styles from "./Toasts.module.css";

interface Toast {
  text: string;
  action?: { label: string; run: () => void };
}

const SHOWN = 10_000; // milliseconds
const Show = createContext<(toast: Toast) => void>(() => undefined);

/** A function that shows a toast. */
export function useToast(): (toast: Toast) => void {
  return use(Show);
}

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<(Toast & { key: string })[]>([]);
  const hide = useCallback((key: string) => {
    setToasts((shown) => shown.filter((toast) => toast.key !== key));
  }, []);
  const show = useCallback(
    (toast: Toast) => {
      const key = crypto.getRandomValues(new Uint32Array(2)).join("-");
      setToasts((shown) => [...shown, { ...toast, key }]);
      setTimeout(hide, SHOWN, key);
    },
    [hide],
  );
  return (
    <Show value={show}>
      {children}
      <div role="status" aria-label="Notices" className={styles.toasts}>
        {toasts.map(({ key, text, action }) => (
          <p key={key} className={styles.toast}>
            {text}
            {action && (
              <button className="quiet" onClick={() => { hide(key); action.run(); }}>
                {action.label}
              </button>
            )}
          </p>
        ))}
      </div>
    </Show>
  );
}
