/**
 * A ref for a dialog that is in front of everything while it is there. Closed as it goes, so that the focus is back
 * where it was. Its `onCancel` takes it away at once: the browser's own `close` comes when somebody may already have
 * opened the next one.
 */
export function showModal(dialog: HTMLDialogElement): () => void {
  dialog.showModal();
  return () => {
    dialog.close();
  };
}
