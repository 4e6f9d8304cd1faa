import { describe, expect, it } from "vitest";
import { FIELDS, NO_EDITS, applyEdits, describeEdits, judgeVariable, withEdit, type Edits } from "./fields";
import { readYaml, type Path } from "./yaml-edit";

const TEXT = "public: true # for all\nenv:\n  A: one\n";

function read(text: string) {
  const found = readYaml(text);
  if (found === null) throw new Error(text);
  return found;
}

function edit(text: string, ...wanted: [Path, string | null][]): Edits {
  const found = read(text);
  return wanted.reduce<Edits>((edits, [path, value]) => withEdit(edits, found, path, value), NO_EDITS);
}

describe("edits", () => {
  it("change only what they are about", () => {
    const edits = edit(TEXT, [["public"], "false"], [["env", "B"], "two"], [["resources", "memory"], "64Mi"]);
    expect(applyEdits(TEXT, edits)).toBe("public: false # for all\nenv:\n  A: one\n  B: two\nresources:\n  memory: 64Mi\n");
    expect(describeEdits("shop", edits)).toBe("Configure shop: public, env, memory");
  });

  it("that come back to what is written are none", () => {
    expect(edit(TEXT, [["public"], "false"], [["public"], "true"]).size).toBe(0);
    expect(edit(TEXT, [["timeout"], "9s"], [["timeout"], null]).size).toBe(0);
  });

  it("are there for every field of the descriptor", () => {
    const found = read(applyEdits("", edit("", ...FIELDS.map(({ path, usual }): [Path, string] => [path, usual]))));
    expect([...found.values.keys()].sort()).toEqual(["egress", "handler", "public", "replicas", "resources", "timeout"]);
  });
});

describe("the name of a variable", () => {
  it.each(["", "1A", "A-B", "PATH", "PYTHONPATH", "PAAKS_X", "A"])("is not %j", (name) => {
    expect(judgeVariable(name, ["A"])).toBeTruthy();
  });

  it("is any other", () => {
    expect(judgeVariable("GREETING_2", ["A"])).toBe(false);
  });
});
