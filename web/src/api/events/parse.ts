/** Server-sent events, from bytes to objects (WHATWG HTML §9.2). Pure. */

/** As it comes; what each kind holds, `schema.d.ts` says (TenantEvent, LogEvent). */
export interface StreamEvent {
  event: string;
  data: unknown;
}

interface Parsed extends StreamEvent {
  id: string | null;
}

/** The events of a stream; `data` is undefined where a block has an id alone. */
export async function* parse(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Parsed> {
  let rest = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const found = parseBlock(block);
      if (found.id !== null || found.data !== undefined) yield found;
    }
  }
}

function parseBlock(block: string): Parsed {
  const found: Parsed = { id: null, event: "message", data: undefined };
  for (const line of block.split("\n")) {
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (name === "id") found.id = value;
    if (name === "event") found.event = value;
    if (name === "data") found.data = JSON.parse(value);
  }
  return found;
}
