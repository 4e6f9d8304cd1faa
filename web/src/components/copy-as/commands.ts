/** What a click does, as somebody in a terminal would do it. Pure; `$PAAKS_TOKEN` is a personal access token. */

export interface Command {
  /** Whose language it is: `curl`, `git`, `paaks`, `link`. */
  name: string;
  text: string;
}

/** Quoted for a POSIX shell, where that is needed. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function tenantUrl(slug: string, path: string): string {
  return `${location.origin}/api/v1/tenants/${slug}/${path}`;
}

export function post(slug: string, path: string, body?: object): Command {
  const data = body === undefined ? "" : ` -H 'Content-Type: application/json' -d ${quote(JSON.stringify(body))}`;
  return { name: "curl", text: `curl -X POST -H "Authorization: Bearer $PAAKS_TOKEN"${data} ${quote(tenantUrl(slug, path))}` };
}

export function get(slug: string, path: string, accept?: string): Command {
  const header = accept === undefined ? "" : ` -H 'Accept: ${accept}'`;
  return { name: "curl", text: `curl -H "Authorization: Bearer $PAAKS_TOKEN"${header} ${quote(tenantUrl(slug, path))}` };
}

/** `directory`: where the service lies in the repository. */
export function rollBackCommands(slug: string, { service, directory, to }: { service: string; directory: string; to: string }): Command[] {
  const place = quote(directory === "" ? "." : directory);
  const message = quote(`Roll back ${service} to ${to.slice(0, 7)}`);
  return [
    { name: "paaks", text: `paaks rollback -t ${slug} ${service} ${to.slice(0, 12)}` },
    { name: "git", text: `git rm -rq ${place} && git checkout ${to.slice(0, 12)} -- ${place} && git commit -m ${message} && git push` },
    post(slug, `services/${service}/rollback`, { to }),
  ];
}

export function reconcileCommands(slug: string, service?: string): Command[] {
  return [
    { name: "paaks", text: `paaks reconcile -t ${slug}${service === undefined ? "" : ` ${service}`}` },
    post(slug, service === undefined ? "reconcile" : `services/${service}/reconcile`),
  ];
}

export function pruneCommands(slug: string, commit: string): Command[] {
  return [
    { name: "paaks", text: `paaks reconcile -t ${slug} --allow-prune ${commit.slice(0, 12)}` },
    post(slug, "prune", { commit }),
  ];
}

export function compareCommands(slug: string, base: string | undefined, head: string): Command[] {
  const [a, b] = [base?.slice(0, 12), head.slice(0, 12)];
  return [
    { name: "git", text: a === undefined ? `git show ${b}` : `git diff ${a} ${b}` },
    ...(a === undefined ? [] : [{ name: "paaks", text: `paaks diff --revision ${a}..${b}` }]),
    get(slug, `compare/${base ?? ""}...${head}`, "text/x-diff"),
  ];
}

export function historyCommands(slug: string, service?: string): Command[] {
  return [
    { name: "paaks", text: `paaks history -t ${slug}${service === undefined ? "" : ` ${service}`}` },
    { name: "git", text: `git log --first-parent main${service === undefined ? "" : ` -- ${service}`}` },
    get(slug, `commits${service === undefined ? "" : `?service=${service}`}`),
  ];
}

/** `path` is below the service, `directory` where that lies in the repository. */
export function fileCommands(slug: string, file: { service: string; directory: string; path: string; ref: string }): Command[] {
  const { service, directory, path, ref } = file;
  const whole = directory === "" ? path : `${directory}/${path}`;
  return [
    { name: "paaks", text: `paaks files cat -t ${slug} --ref ${ref.slice(0, 12)} ${quote(`${service}/${path}`)}` },
    { name: "git", text: `git show ${quote(`${ref.slice(0, 12)}:${whole}`)}` },
    get(slug, `services/${service}/files/${path.split("/").map(encodeURIComponent).join("/")}?ref=${ref}`),
  ];
}
