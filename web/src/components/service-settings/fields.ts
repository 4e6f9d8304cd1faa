/** What a service.yaml may say, as `core/descriptor.py` has it: each field with its default and its rule. Pure. */
import { setValue, type Descriptor, type Path } from "./yaml-edit";

interface Field {
  label: string;
  path: Path;
  usual: string;
  hint: string;
  /** What is chosen from; without, it is text. */
  choices?: readonly string[];
}

export const FIELDS: Field[] = [
  { label: "Public", path: ["public"], usual: "false", hint: "May anybody call it, without a token?", choices: ["false", "true"] },
  { label: "Replicas", path: ["replicas"], usual: "1", hint: "How many run at once: 1 to 10." },
  { label: "Memory", path: ["resources", "memory"], usual: "128Mi", hint: "Of one replica: 32Mi to 2Gi." },
  { label: "CPU", path: ["resources", "cpu"], usual: "100m", hint: "Of one replica: 10m to 1, a whole core." },
  { label: "Timeout", path: ["timeout"], usual: "30s", hint: "Until the head of the answer: 1s to 600s." },
  { label: "Egress", path: ["egress"], usual: "public", hint: "What it may reach: the internet, or nothing.", choices: ["public", "none"] },
  { label: "Handler", path: ["handler"], usual: "handler.py", hint: "The file that is served." },
];
/** Only a service at the repository's root has a name of its own. */
export const NAME_FIELD: Field = { label: "Name", path: ["name"], usual: "", hint: "What the service at the repository's root is called." };

/** What somebody has changed and not committed: the value of a path, or null where it is to go. */
export type Edits = ReadonlyMap<string, { path: Path; value: string | null }>;

export const NO_EDITS: Edits = new Map();

/** The value of a field in a text: null where only a person should change it, undefined where it is not written. */
export function readField(found: Descriptor, [name, inner]: Path): string | null | undefined {
  return inner === undefined ? found.values.get(name) : found.within(name).get(inner);
}

/** One more edit; one that says what the text says already is none. */
export function withEdit(edits: Edits, found: Descriptor, path: Path, value: string | null): Edits {
  const next = new Map(edits);
  const written = readField(found, path);
  const isSame = value === null ? written === undefined : value === written;
  if (isSame) next.delete(path.join("."));
  else next.set(path.join("."), { path, value });
  return next;
}

/** The text with the edits, in the order in which they were made. */
export function applyEdits(text: string, edits: Edits): string {
  return [...edits.values()].reduce((now, { path, value }) => setValue(now, path, value), text);
}

/** What a commit of the edits is called: `Configure shop: replicas, env`. */
export function describeEdits(service: string, edits: Edits): string {
  const names = new Set([...edits.values()].map(({ path }) => (path[0] === "resources" ? path[1] : path[0])));
  return `Configure ${service}: ${[...names].join(", ")}`;
}

/** Why this cannot be the name of a new variable; false if it can. */
export function judgeVariable(name: string, taken: Iterable<string>): string | false {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return "Letters, digits and underscores; no digit first.";
  if (/^(PATH|(LD_|PYTHON|PAAKS_|KUBERNETES_).*)$/.test(name)) return `${name} is reserved.`;
  return [...taken].includes(name) && `There is already a ${name}.`;
}
