/** A commit that removes many services waits for a word: what is gone is gone. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { explain } from "@/api/problems";
import type { Service } from "@/api/schema";
import { confirmPrune } from "@/api/sync";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { CopyAs } from "@/components/copy-as/CopyAs";
import { pruneCommands } from "@/components/copy-as/commands";
import { useToast } from "@/components/Toasts";
import styles from "./SyncPage.module.css";

interface Props {
  slug: string;
  head: string;
  held: Service[];
  mayConfirm: boolean;
}

export function HeldRemovals({ slug, head, held, mayConfirm }: Props) {
  const toast = useToast();
  const [asks, setAsks] = useState(false);
  const names = held.map(({ name }) => name).join(", ");
  const confirm = useMutation({
    mutationFn: () => confirmPrune(slug, head),
    onSuccess: () => { toast({ text: `Removing ${names}` }); },
    onError: (error) => { toast({ text: explain(error).detail ?? explain(error).title }); },
  });
  return (
    <section aria-label="Held removals" className={styles.held}>
      <p>
        <strong>{held.length} services are gone from main and still run:</strong> {names}. So many are not removed
        unasked; going back to an earlier commit keeps them.
      </p>
      {mayConfirm && (
        <span className={styles.actions}>
          <button className="danger" disabled={confirm.isPending} onClick={() => { setAsks(true); }}>Remove {held.length} services…</button>
          <CopyAs commands={pruneCommands(slug, head)} />
        </span>
      )}
      {asks && (
        <ConfirmDialog
          title={`Remove ${held.length} services?`}
          text={`${names} will answer nobody any more. History keeps their files.`}
          verb="Remove them"
          onCancel={() => { setAsks(false); }}
          onConfirm={() => { setAsks(false); confirm.mutate(); }}
        />
      )}
    </section>
  );
}
