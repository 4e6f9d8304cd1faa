import { describe, expect, it } from "vitest";
import { follow, isSingle, sayKeys, type Press } from "./chord";

function press(key: string, held: Partial<Press> = {}): Press {
  return { key, code: "", metaKey: false, ctrlKey: false, altKey: false, shiftKey: false, ...held };
}

describe("keys", () => {
  it.each([
    ["c", press("c")],
    ["?", press("?", { shiftKey: true })],
    ["Shift+r", press("R", { shiftKey: true })],
    ["Mod+s", press("s", { metaKey: true })],
    ["Mod+s", press("s", { ctrlKey: true })],
    ["Mod+Shift+s", press("S", { ctrlKey: true, shiftKey: true })],
    ["Mod+Alt+z", press("Ω", { code: "KeyZ", metaKey: true, altKey: true })],
    ["F6", press("F6")],
    ["Mod+Enter", press("Enter", { ctrlKey: true })],
  ])("%s are these", (keys, pressed) => {
    expect(follow(keys, null, pressed)).toBe("end");
  });

  it.each([
    ["c", press("C", { shiftKey: true })],
    ["r", press("R", { shiftKey: true })],
    ["Shift+r", press("r")],
    ["s", press("s", { ctrlKey: true })],
    ["Mod+s", press("S", { ctrlKey: true, shiftKey: true })],
    ["Mod+s", press("s", { ctrlKey: true, altKey: true })],
    ["c", press("j", { code: "KeyC" })],
  ])("%s are not these", (keys, pressed) => {
    expect(follow(keys, null, pressed)).toBe("no");
  });

  it("come one after the other", () => {
    expect(follow("g s", null, press("g"))).toBe("begin");
    expect(follow("g s", "g", press("s"))).toBe("end");
    expect(follow("g s", "g", press("h"))).toBe("no");
    expect(follow("g s", null, press("s"))).toBe("no");
    expect(follow("s", "g", press("s"))).toBe("no");
  });

  it("are single or chords", () => {
    expect(["c", "?", "g s", "Shift+r"].map(isSingle)).toEqual([true, true, true, true]);
    expect(["Mod+s", "F6", "Mod+Enter", "Escape"].map(isSingle)).toEqual([false, false, false, false]);
  });

  it("are said as the keyboard has them", () => {
    expect(["Mod+Shift+s", "Mod+Enter", "g s", "?"].map((keys) => sayKeys(keys, true))).toEqual(["⌘⇧S", "⌘↵", "g s", "?"]);
    expect(["Mod+Shift+s", "Mod+Enter", "Shift+r"].map((keys) => sayKeys(keys, false))).toEqual(["Ctrl+Shift+S", "Ctrl+↵", "Shift+R"]);
  });
});
