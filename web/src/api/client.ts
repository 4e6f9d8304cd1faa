/**
 * The one door to the HTTP API. It adds the token against forged requests, renews a session that has become too old,
 * and turns every answer that is not a success into an `ApiProblem`.
 */
import createClient from "openapi-fetch";
import { readProblem } from "./problems";
import type { CurrentSession, Session, paths } from "./schema";

const SESSION = "/api/v1/session";
let csrf = "";

/** Remember what proves that a request comes from our own pages. */
export function keepToken<Kind extends Session | CurrentSession>(session: Kind): Kind {
  csrf = session.csrf ?? "";
  return session;
}

function prepare(request: Request): Request {
  if (request.method !== "GET") request.headers.set("X-PaaKS-CSRF", csrf);
  return request;
}

let renewing: Promise<boolean> | null = null;

/** A new access token for the refresh cookie; one request, however many wait for it. */
export function renew(): Promise<boolean> {
  renewing ??= fetch(`${SESSION}/refresh`, { method: "POST" })
    .then(async (answer) => {
      if (answer.ok) keepToken((await answer.json()) as Session);
      return answer.ok;
    })
    .finally(() => {
      renewing = null;
    });
  return renewing;
}

/** `fetch` with our headers; after a 401 the session is renewed, and the request sent once more. */
export async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const answer = await fetch(prepare(request));
  const signsIn = request.method === "POST" && new URL(request.url).pathname === SESSION;
  if (answer.status !== 401 || signsIn || !(await renew())) return answer;
  return fetch(prepare(again));
}

export const client = createClient<paths, "application/json">({ baseUrl: location.origin, fetch: send });

/** The body of a successful answer. Throws ApiProblem. */
export async function read<Body>(answering: Promise<{ data?: Body | undefined; error?: unknown; response: Response }>): Promise<Body> {
  const { data, error, response } = await answering;
  if (!response.ok) throw readProblem(response.status, error, response.headers.get("Retry-After"));
  return data as Body;
}
