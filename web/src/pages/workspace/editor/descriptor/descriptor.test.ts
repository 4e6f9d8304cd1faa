import { describe, expect, it } from "vitest";
import { findPlace, findWord } from "./place";
import { explain, findSchema, offerKeys, offerValues, type Schema } from "./schema";

const SCHEMA: Schema = {
  type: ["object", "null"],
  properties: {
    public: { type: "boolean", description: "May be visited without a token.", default: false },
    replicas: { type: "integer", description: "How many run at once.", default: 1, minimum: 1, maximum: 10 },
    env: { type: "object", description: "Environment variables." },
    timeout: { type: "string", description: "How long.", default: "30s" },
    resources: {
      type: "object",
      description: "What one replica may use.",
      properties: { memory: { type: ["string", "integer"], default: "128Mi" }, cpu: { type: ["string", "number"], default: "100m" } },
    },
    egress: { type: "string", description: "What it may reach.", default: "public", enum: ["public", "none"] },
  },
};

/** The place of the `|` in a text. */
function place(marked: string) {
  const at = marked.indexOf("|");
  return findPlace(marked.replace("|", ""), at);
}

describe("a place in a service.yaml", () => {
  it.each([
    ["|", "key", [], []],
    ["re|", "key", [], []],
    ["public: true\nre|\negress: none\n", "key", [], ["public", "egress"]],
    ["resources:\n  me|", "key", ["resources"], []],
    ["resources:\n  # of one\n\n  cpu: 50m\n  |\npublic: true\n", "key", ["resources"], ["cpu"]],
    ["resources:\n  cpu: 50m\n|", "key", [], ["resources"]],
    ["env:\n  A: b\n  |", "key", ["env"], ["A"]],
    ["egress: |", "value", ["egress"], []],
    ["egress: pu|", "value", ["egress"], []],
    ["resources:\n    memory: 1|", "value", ["resources", "memory"], []],
  ])("%j is a %s", (marked, kind, path, beside) => {
    const found = place(marked);
    expect(found).toMatchObject({ kind, path });
    expect(found?.beside.toSorted()).toEqual(beside.toSorted());
  });

  it.each(["# pu|", "public: true # |", "- a|", "public:|", 'egress: "|', "env: {|", "a b|"])("%j is none", (marked) => {
    expect(place(marked)).toBeNull();
  });

  it("begins where its word does", () => {
    expect([place("egress: pu|")?.from, place("  re|")?.from]).toEqual([8, 2]);
  });

  it("is explained on its key and on its value", () => {
    const text = "public: true\nresources:\n  cpu: 50m # half\n";
    expect(findWord(text, 2)).toEqual({ path: ["public"], from: 0, to: 12 });
    expect(findWord(text, text.indexOf("50m"))?.path).toEqual(["resources", "cpu"]);
    expect(findWord(text, text.indexOf("half"))).toBeNull();
  });
});

describe("what the schema offers", () => {
  it("are the keys that are not there yet", () => {
    expect(offerKeys(SCHEMA, [], ["public", "env"]).map(({ text }) => text)).toEqual(["replicas: ", "timeout: ", "resources:", "egress: "]);
    expect(offerKeys(SCHEMA, ["resources"], []).map(({ label, detail }) => `${label} ${detail}`)).toEqual(["memory default 128Mi", "cpu default 100m"]);
    expect(offerKeys(SCHEMA, ["env"], [])).toEqual([]);
    expect(offerKeys(SCHEMA, ["constructor"], [])).toEqual([]);
  });

  it("are all values where they are few, else the default", () => {
    const labels = (...path: string[]) => offerValues(SCHEMA, path).map(({ label }) => label);
    expect(labels("egress")).toEqual(["public", "none"]);
    expect(labels("public")).toEqual(["true", "false"]);
    expect(labels("replicas")).toHaveLength(10);
    expect(labels("resources", "memory")).toEqual(["128Mi"]);
    expect(labels("unknown")).toEqual([]);
    expect(offerValues(SCHEMA, ["egress"])[0]).toMatchObject({ detail: "default" });
  });

  it("is said in one line", () => {
    const say = (...path: string[]) => explain(findSchema(SCHEMA, path) ?? {});
    expect(say("replicas")).toBe("How many run at once. 1 to 10. By default 1.");
    expect(say("egress")).toBe("What it may reach. One of public, none. By default public.");
    expect(say("env")).toBe("Environment variables.");
  });
});
