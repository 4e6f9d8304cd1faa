/** Try it: one request to the service as the person who is signed in, and everything that came of it. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { invoke } from "@/api/invoke";
import { logFeed } from "@/api/logs";
import type { Service, ServiceCall } from "@/api/schema";
import { session } from "@/api/session";
import { useAction } from "@/components/actions/registry";
import { callCommands } from "@/components/copy-as/service-commands";
import { ProblemPanel } from "@/components/ProblemPanel";
import { useToast } from "@/components/Toasts";
import styles from "./Console.module.css";
import { isNowhereElse } from "./kept-requests";
import { pythonCommand } from "./python-command";
import { readCall, type TypedRequest } from "./request";
import { useSaved, useSent, useTyped } from "./request-store";
import { RequestForm } from "./RequestForm";
import { SentRequests } from "./SentRequests";
import { usePanes } from "./use-panes";

// After the page, which is to be there soon.
const SavedRequests = lazy(() => import("./SavedRequests").then((module) => ({ default: module.SavedRequests })));
const ReplyView = lazy(() => import("./ReplyView").then((module) => ({ default: module.ReplyView })));
const RequestLog = lazy(() => import("./RequestLog").then((module) => ({ default: module.RequestLog })));

export function Console({ slug, service }: { slug: string; service: Service }) {
  const place = `${useQuery(session).data?.user.id ?? ""}/${slug}/${service.name}`;
  const [typed, type] = useTyped(place);
  const [sent, remember] = useSent(place);
  const { saved, ...keeping } = useSaved(place);
  const [name, setName] = useState("");
  const toast = useToast();
  const calling = useMutation({ mutationFn: (sent: ServiceCall) => invoke(slug, service.name, sent) });
  /** The newest line of the log when the request was sent. */
  const [since, setSince] = useState(-1);
  const call = readCall(typed);
  const sendRequest = () => {
    if (calling.isPending) return;
    setSince(logFeed(slug, service.name).read().at(-1)?.id ?? -1);
    remember(typed);
    calling.mutate(call);
  };
  const open = (request: TypedRequest, of = "") => {
    const before = typed;
    const { method, path, headers, body } = request;
    type({ method, path, headers, body });
    setName(of);
    if (isNowhereElse(before, [...saved, ...sent])) {
      toast({ text: "Another request is in its place", action: { label: "Undo", run: () => { type(before); } } });
    }
  };
  const commands = [...callCommands(slug, service.name, service.url, call), pythonCommand(service.url, call)];
  useAction({ name: "Send the request", keys: "Mod+Enter", commands, run: sendRequest });
  usePanes();
  return (
    <section aria-label="Try it" className={styles.console}>
      <RequestForm service={service.name} typed={typed} onType={type} onSend={sendRequest} isPending={calling.isPending} commands={commands} />
      <div className={styles.kept}>
        <Suspense><SavedRequests key={name} typed={typed} saved={saved} name={name} onOpen={open} {...keeping} /></Suspense>
        <SentRequests service={service.name} sent={sent} onOpen={open} />
      </div>
      {calling.error && <ProblemPanel error={calling.error} />}
      <Suspense>
        {calling.data && <ReplyView service={service} reply={calling.data} />}
        <RequestLog
          slug={slug}
          service={service.name}
          since={calling.isPending ? since : null}
          requestId={calling.data?.requestId ?? null}
        />
      </Suspense>
      {calling.isIdle && <p className="muted">The answer, the commit that gave it and its log lines appear here.</p>}
    </section>
  );
}
