/** The words of the API that pages use, by the names that people use. All of them come from the server's description. */
export interface Session {
  user: { id: string; email: string; name: string; operator: boolean };
  tenants: { id: string; slug: string; role: string | null }[];
  csrf: string | null;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  hint?: string;
  requestId?: string;
  errors: ProblemEntry[];
  sides?: Sides[];
  head?: string;
}

export interface ProblemEntry {
  type: string;
  detail?: string;
  file?: string;
  line?: number;
  column?: number;
  hint?: string;
}

/** One file that could not be merged; a side that does not exist is null. */
export interface Sides {
  path: string;
  base: string | null;
  yours: string | null;
  theirs: string | null;
  merged: string | null;
}

export type State = "pending" | "live" | "failed" | "superseded" | "removed" | "held" | "unknown";
export type Stage = "commit" | "check" | "apply" | "start" | "live";

export interface Release {
  id: string;
  service: string;
  commit: string;
  tree: string;
  state: State;
  actor: string;
  via: string;
  subject: string;
  createdAt: string;
  stages: Partial<Record<Stage, { at: string; ms: number }>>;
  liveMs: number | null;
  reason: string | null;
  sentence: string | null;
  message: string | null;
  supersededBy: string | null;
  url: string | null;
}

export interface Service {
  name: string;
  path: string;
  tree: string;
  commit: string;
  subject: string;
  author: { name: string; email: string };
  at: string;
  public: boolean | null;
  replicas: number | null;
  url: string;
  status: { state: State; reason: string | null; sentence: string | null; message: string | null };
  live: { commit: string; tree: string } | null;
  release: Release | null;
}

export interface ServiceList {
  head: string;
  items: Service[];
}

export interface Commit {
  sha: string;
  subject: string;
  message: string;
  author: { name: string; email: string };
  at: string;
  parents: string[];
  services: string[];
}

export interface FileList {
  ref: string;
  items: FileEntry[];
}

export interface FileEntry {
  path: string;
  mode: string;
  size: number;
  sha: string;
}

export interface FileContent extends FileEntry {
  commit: string;
  content?: string;
  contentBase64?: string;
}

export interface Change {
  op: "put" | "delete" | "move";
  path: string;
  to?: string;
  content?: string;
}

export interface Landed {
  commit: Commit;
  releases: Release[];
  merged?: boolean;
}

export interface Judged {
  problems: ProblemEntry[];
  plan: Record<string, string>;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body?: string;
  bodyBase64?: string;
  truncated: boolean;
  revision: string | null;
  requestId: string | null;
  ms: number;
}

export interface LogLine {
  at: string | null;
  level: string | null;
  requestId: string | null;
  text: string;
  pod: string;
  commit: string | null;
}

export interface Tenant {
  id: string;
  slug: string;
  createdAt: string;
  role: string | null;
  cloneUrl: string;
}
