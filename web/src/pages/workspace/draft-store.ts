/**
 * Drafts on this machine (IndexedDB), so that neither a crash of the tab nor of the server takes what was typed.
 * They are kept for each service, with the commit that they are changes of.
 */
import { NO_DRAFTS, type Drafts } from "./drafts";

export interface KeptDrafts extends Pick<Drafts, "texts" | "pinned">, Partial<Pick<Drafts, "merges">> {
  /** When the last of it was typed, in milliseconds since the epoch. */
  at: number;
}

const DATABASE = "paaks";
const STORE = "drafts";

function finish<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error("the browser's storage failed"));
    };
  });
}

async function openStore(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await finish(opening);
  const transaction = database.transaction(STORE, mode);
  const close = () => {
    database.close();
  };
  transaction.addEventListener("complete", close);
  transaction.addEventListener("abort", close);
  return transaction.objectStore(STORE);
}

export async function readDrafts(slug: string, service: string): Promise<KeptDrafts | null> {
  const kept = (await finish((await openStore("readonly")).get(`${slug}/${service}`))) as KeptDrafts | undefined;
  return kept ?? null;
}

export async function keepDrafts(slug: string, service: string, drafts: Drafts): Promise<void> {
  const store = await openStore("readwrite");
  const key = `${slug}/${service}`;
  if (drafts === NO_DRAFTS) await finish(store.delete(key));
  else await finish(store.put({ ...drafts, at: Date.now() }, key));
}
