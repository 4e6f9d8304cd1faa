/** What is done with one service, as somebody in a terminal would do it. Pure. */
import { get, post, quote, type Command } from "./commands";

/** `tnt-<first 8 hex of the tenant's id>`, as core/names.py has it. */
export function namespaceOf(tenantId: string): string {
  return `tnt-${tenantId.slice(0, 8)}`;
}

function kubectl(namespace: string | undefined, rest: string): Command[] {
  return namespace === undefined ? [] : [{ name: "kubectl", text: `kubectl -n ${namespace} ${rest}` }];
}

/** How it is. `namespace` where kubectl is to be among it. */
export function statusCommands(slug: string, service: string, namespace?: string): Command[] {
  return [
    { name: "paaks", text: `paaks status -t ${slug} ${service}` },
    get(slug, `services/${service}`),
    ...kubectl(namespace, `get deployments,pods -l paaks.dev/service=${service}`),
  ];
}

/** What runs of it. */
export function podCommands(slug: string, service: string, namespace?: string): Command[] {
  return [
    { name: "paaks", text: `paaks status -t ${slug} ${service}` },
    get(slug, `services/${service}/pods`),
    ...kubectl(namespace, `get deployments,pods -l paaks.dev/service=${service}`),
    ...kubectl(namespace, `describe deployments,pods -l paaks.dev/service=${service}`),
  ];
}

/** One pod of it, for which there is kubectl alone. */
export function onePodCommands(pod: string, namespace: string): { logs: Command[]; describe: Command[] } {
  return { logs: kubectl(namespace, `logs -f ${pod}`), describe: kubectl(namespace, `describe pod ${pod}`) };
}

export function logCommands(slug: string, service: string, namespace?: string): Command[] {
  return [
    { name: "paaks", text: `paaks logs -t ${slug} -f ${service}` },
    get(slug, `services/${service}/logs?follow=true`),
    ...kubectl(namespace, `logs -f -l paaks.dev/service=${service}`),
  ];
}

/** To what was live before. */
export function stepBackCommands(slug: string, service: string): Command[] {
  return [{ name: "paaks", text: `paaks rollback -t ${slug} ${service}` }, post(slug, `services/${service}/rollback`, {})];
}

export function openCommands(slug: string, service: string): Command[] {
  return [{ name: "paaks", text: `paaks open -t ${slug} ${service}` }];
}

export function listCommands(slug: string, namespace?: string): Command[] {
  return [
    { name: "paaks", text: `paaks services -t ${slug}` },
    get(slug, "services"),
    ...kubectl(namespace, "get deployments"),
  ];
}

export function createCommands(slug: string, service: string): Command[] {
  return [
    { name: "paaks", text: `paaks services create -t ${slug} ${service}` },
    post(slug, "services", { name: service }),
  ];
}

/** `files` by their paths in the repository, as they lie in a clone. */
export function commitCommands(slug: string, service: string, files: readonly string[]): Command[] {
  const [first] = files;
  if (first === undefined) return [];
  const message = quote(`Update ${files.join(", ")}`);
  const wish = `{ops:[{op:"put",path:${JSON.stringify(first)},content:$text}]}`;
  return [
    { name: "paaks", text: `paaks deploy -t ${slug} -m ${message} ${service}` },
    { name: "git", text: `git add ${files.map(quote).join(" ")} && git commit -m ${message} && git push` },
    ...(files.length > 1
      ? []
      : [{ name: "curl", text: `jq -n --rawfile text ${quote(first)} ${quote(wish)} | ${post(slug, "changes").text} -H 'Content-Type: application/json' -d @-` }]),
  ];
}

/** A request to the service. `path` begins with a slash. */
export interface Called {
  method: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body?: string | undefined;
}

/** `url`: where the service answers, with a slash at its end. */
export function callCommands(slug: string, service: string, url: string, { method, path, headers, body }: Called): Command[] {
  const verb = method === "GET" ? "" : ` -X ${method}`;
  const fields = Object.entries(headers).map(([name, value]) => ` -H ${quote(`${name}: ${value}`)}`).join("");
  const data = body === undefined || body === "" ? "" : ` -d ${quote(body)}`;
  const rest = path.slice(1);
  return [
    { name: "paaks", text: `paaks call -t ${slug} -i${verb}${fields}${data} ${service}${rest === "" ? "" : ` ${quote(rest)}`}` },
    { name: "curl", text: `curl -i${verb} -H "Authorization: Bearer $PAAKS_TOKEN"${fields}${data} ${quote(new URL(url + rest).href)}` },
  ];
}
