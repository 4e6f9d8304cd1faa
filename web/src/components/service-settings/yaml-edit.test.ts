import { describe, expect, it } from "vitest";
import { readYaml, setValue, type Path } from "./yaml-edit";

const TEXT = `# The shop, as people see it.
public: false  # not yet
resources: {memory: 128Mi, cpu: "100m"}

env:
  # What it says first.
  GREETING: hello   # to everybody
  'MOTTO': 'it''s "open"'
  NOTE: |
    many
    lines
timeout: 30s
`;

const set = (text: string, ...[path, value]: [Path, string | null]) => setValue(text, path, value);

describe("reading", () => {
  it("gives values as text, whatever their quotes", () => {
    const found = readYaml(TEXT);
    expect(Object.fromEntries(found?.values ?? [])).toEqual({ public: "false", resources: null, env: null, timeout: "30s" });
    expect(Object.fromEntries(found?.within("resources") ?? [])).toEqual({ memory: "128Mi", cpu: "100m" });
    expect(Object.fromEntries(found?.within("env") ?? [])).toEqual({ GREETING: "hello", MOTTO: `it's "open"`, NOTE: null });
    expect(found?.within("nothing").size).toBe(0);
  });

  it.each(["", "# only a comment\n", "---\n", "{}"])("finds nothing in %j, which is a service with every default", (text) => {
    expect(readYaml(text)?.values.size).toBe(0);
  });

  it.each(["- a\n- b\n", "text\n", "a: 1\n---\nb: 2\n", "a: [1\n"])("leaves %j to a person", (text) => {
    expect(readYaml(text)).toBeNull();
    expect(() => set(text, ["public"], "true")).toThrow();
  });
});

describe("changing", () => {
  it("touches the value alone", () => {
    expect(set(TEXT, ["public"], "true")).toBe(TEXT.replace("false  # not yet", "true  # not yet"));
    expect(set(TEXT, ["env", "GREETING"], "good day")).toBe(TEXT.replace("hello   # to", "good day   # to"));
    expect(set(TEXT, ["resources", "cpu"], "0.5")).toBe(TEXT.replace('"100m"', "0.5"));
    expect(set(TEXT, ["env", "MOTTO"], "closed")).toBe(TEXT.replace(`'it''s "open"'`, "closed"));
  });

  it("adds below what is there, as far in", () => {
    expect(set(TEXT, ["replicas"], "2")).toBe(`${TEXT}replicas: 2\n`);
    expect(set(TEXT, ["env", "NEW"], "1")).toBe(TEXT.replace("    lines\n", "    lines\n  NEW: 1\n"));
    expect(set("resources: {memory: 64Mi}\n", ["resources", "cpu"], "1")).toBe("resources: {memory: 64Mi, cpu: 1}\n");
    expect(set("a: 1 # why", ["b"], "2")).toBe("a: 1 # why\nb: 2");
    expect(set("env: {}\n", ["env", "A"], "1")).toBe("env: {A: 1}\n");
  });

  it("begins where there is nothing", () => {
    expect(set("", ["public"], "true")).toBe("public: true\n");
    expect(set("# why\n", ["env", "A"], "1")).toBe("# why\nenv:\n  A: 1\n");
    expect(set("{}", ["public"], "true")).toBe("{public: true}");
    expect(set("---\n...\n", ["public"], "true")).toBe("---\npublic: true\n...\n");
    expect(set("env:\npublic: true\n", ["env", "A"], "1")).toBe("env:\n  A: 1\npublic: true\n");
    expect(set("public:\n", ["public"], "true")).toBe("public: true\n");
  });

  it("takes away a line, and a field with its last one", () => {
    expect(set(TEXT, ["timeout"], null)).toBe(TEXT.replace("timeout: 30s\n", ""));
    expect(set(TEXT, ["env", "GREETING"], null)).toBe(TEXT.replace("  GREETING: hello   # to everybody\n", ""));
    expect(set(TEXT, ["env", "NOTE"], null)).toBe(TEXT.replace("  NOTE: |\n    many\n    lines\n", ""));
    expect(set(TEXT, ["resources", "memory"], null)).toBe(TEXT.replace("memory: 128Mi, ", ""));
    expect(set(TEXT, ["resources", "cpu"], null)).toBe(TEXT.replace(', cpu: "100m"', ""));
    expect(set("a: 1\nresources:\n  cpu: 1\n", ["resources", "cpu"], null)).toBe("a: 1\n");
    expect(set("a: 1\n", ["b"], null)).toBe("a: 1\n");
    expect(set("a: 1\n", ["env", "b"], null)).toBe("a: 1\n");
  });

  it("keeps line ends", () => {
    expect(set("a: 1\r\nb: 2\r\n", ["c"], "3")).toBe("a: 1\r\nb: 2\r\nc: 3\r\n");
    expect(set("a: 1\r\nb: 2\r\n", ["a"], null)).toBe("b: 2\r\n");
    expect(set("a: 1\r\n", ["env", "X"], "y")).toBe("a: 1\r\nenv:\r\n  X: y\r\n");
  });

  it("says nothing as text where YAML would read nothing", () => {
    expect(set("", ["env", "A"], "null")).toContain('"null"');
  });

  it.each(["", "a: b", "#x", " x ", "- x", "*x", "&x", "[x]", "{x}", "'x'", '"x"', "x: ", "x #y", "äöü", "a\nb", "!x", "%x", "@x", "`x`", "|", ">", "?", "a,b", "tab\there", "\\", "null"])(
    "writes %j so that it is read again",
    (value) => {
      for (const text of [TEXT, "", "env: {A: 1}\n", "env:\n  A: 1\n"]) {
        const changed = set(text, ["env", "X"], value);
        expect(readYaml(changed)?.within("env").get("X")).toBe(value);
        expect(set(changed, ["env", "X"], null).includes("X:")).toBe(false);
      }
    },
  );
});
