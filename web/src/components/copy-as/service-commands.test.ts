import { beforeAll, expect, it, vi } from "vitest";
import { callCommands, commitCommands, logCommands, namespaceOf, podCommands, statusCommands, stepBackCommands } from "./service-commands";

beforeAll(() => {
  vi.stubGlobal("location", { origin: "http://paaks.test" });
});

it("a request is one of paaks and of curl", () => {
  const called = { method: "POST", path: "/add?a=1&b=2", headers: { "X-Who": "it's me" }, body: '{"t":1}' };
  expect(callCommands("acme", "shop", "http://apps.test/~acme/shop/", called).map(({ text }) => text)).toEqual([
    String.raw`paaks call -t acme -i -X POST -H 'X-Who: it'\''s me' -d '{"t":1}' shop 'add?a=1&b=2'`,
    String.raw`curl -i -X POST -H "Authorization: Bearer $PAAKS_TOKEN" -H 'X-Who: it'\''s me' -d '{"t":1}' 'http://apps.test/~acme/shop/add?a=1&b=2'`,
  ]);
  expect(callCommands("acme", "shop", "http://a.test/", { method: "GET", path: "/", headers: {} })[0]?.text).toBe("paaks call -t acme -i shop");
});

it("a commit is one of the files that changed", () => {
  expect(commitCommands("acme", "shop", ["shop/a b.py", "shop/c.py"]).map(({ text }) => text)).toEqual([
    "paaks deploy -t acme -m 'Update shop/a b.py, shop/c.py' shop",
    "git add 'shop/a b.py' shop/c.py && git commit -m 'Update shop/a b.py, shop/c.py' && git push",
  ]);
  expect(commitCommands("acme", "shop", [])).toEqual([]);
  expect(commitCommands("acme", "shop", ["shop/c.py"]).map(({ name }) => name)).toEqual(["paaks", "git", "curl"]);
});

it("kubectl is among it where the namespace is known", () => {
  const namespace = namespaceOf("0123abcd-0000-0000-0000-000000000000");
  expect(statusCommands("acme", "shop", namespace).at(-1)?.text).toBe("kubectl -n tnt-0123abcd get deployments,pods -l paaks.dev/service=shop");
  expect(podCommands("acme", "shop", namespace).map(({ text }) => text).slice(2)).toEqual([
    "kubectl -n tnt-0123abcd get deployments,pods -l paaks.dev/service=shop",
    "kubectl -n tnt-0123abcd describe deployments,pods -l paaks.dev/service=shop",
  ]);
  expect(logCommands("acme", "shop").map(({ name }) => name)).toEqual(["paaks", "curl"]);
  expect(stepBackCommands("acme", "shop")[0]?.text).toBe("paaks rollback -t acme shop");
});
