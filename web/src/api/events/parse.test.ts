import { describe, expect, it } from "vitest";
import { parse, type StreamEvent } from "./parse";

async function read(...chunks: string[]) {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  const found: StreamEvent[] = [];
  for await (const event of parse(body)) found.push(event);
  return found;
}

describe("a stream of events", () => {
  it("is read, wherever the network has cut it", async () => {
    const whole = 'id: 7\nevent: release.stage\ndata: {"a":"ä"}\n\n: keep-alive\n\nevent: bye\ndata: {}\n\n';
    const expected = [
      { id: "7", event: "release.stage", data: { a: "ä" } },
      { id: null, event: "bye", data: {} },
    ];
    for (let cut = 0; cut <= whole.length; cut += 1) expect(await read(whole.slice(0, cut), whole.slice(cut))).toEqual(expected);
  });

  it("may say where it stands before anything has happened", async () => {
    expect(await read("id: 41\nretry: 2000\n\n")).toEqual([{ id: "41", event: "message", data: undefined }]);
  });
});
