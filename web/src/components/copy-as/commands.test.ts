import { beforeAll, describe, expect, it, vi } from "vitest";
import { compareCommands, fileCommands, quote, reconcileCommands, rollBackCommands } from "./commands";

beforeAll(() => {
  vi.stubGlobal("location", { origin: "http://paaks.test" });
});

const SHA = "0123456789abcdef0123456789abcdef01234567";

describe("a word for a shell", () => {
  it("is quoted where it has to be", () => {
    expect(quote("a/b-c.py")).toBe("a/b-c.py");
    expect(quote("it's $x")).toBe(String.raw`'it'\''s $x'`);
    expect(quote("")).toBe("''");
  });
});

describe("a click as a command", () => {
  it("goes back", () => {
    const texts = rollBackCommands("acme", { service: "shop", directory: "shop", to: SHA }).map(({ text }) => text);
    expect(texts[0]).toBe("paaks rollback -t acme shop 0123456789ab");
    expect(texts[1]).toBe("git rm -rq shop && git checkout 0123456789ab -- shop && git commit -m 'Roll back shop to 0123456' && git push");
    expect(texts[2]).toBe(
      `curl -X POST -H "Authorization: Bearer $PAAKS_TOKEN" -H 'Content-Type: application/json' -d '{"to":"${SHA}"}' http://paaks.test/api/v1/tenants/acme/services/shop/rollback`,
    );
  });

  it("reconciles one service or all", () => {
    expect(reconcileCommands("acme", "shop")[0]?.text).toBe("paaks reconcile -t acme shop");
    expect(reconcileCommands("acme")[1]?.text).toMatch(/\/acme\/reconcile$/);
  });

  it("compares two commits, or shows one that has none before it", () => {
    expect(compareCommands("acme", SHA, SHA).map(({ name }) => name)).toEqual(["git", "paaks", "curl"]);
    expect(compareCommands("acme", undefined, SHA).map(({ name }) => name)).toEqual(["git", "curl"]);
  });

  it("shows a file, also one of a service at the root", () => {
    const [, git, curl] = fileCommands("acme", { service: "shop", directory: "", path: "a b/c.py", ref: SHA });
    expect(git?.text).toBe("git show '0123456789ab:a b/c.py'");
    expect(curl?.text).toContain("/files/a%20b/c.py?ref=");
  });
});
