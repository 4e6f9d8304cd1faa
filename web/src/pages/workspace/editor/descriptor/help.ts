/** Completion and explanation of a service.yaml in the editor, as the server's schema has them. */
import { startCompletion, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { yamlLanguage } from "@codemirror/lang-yaml";
import type { Extension } from "@codemirror/state";
import { hoverTooltip, type EditorView } from "@codemirror/view";
import { queryClient } from "@/api/query-client";
import { descriptorSchema } from "@/api/schemas";
import { findPlace, findWord } from "./place";
import { explain, findSchema, isMapping, listValues, offerKeys, offerValues, type Offer, type Schema } from "./schema";

/** Without a schema there is nothing to say: the editor goes on. */
function readSchema(): Promise<Schema | null> {
  return queryClient.query(descriptorSchema).catch(() => null);
}

export function helpDescriptor(): Extension {
  void readSchema();
  return [yamlLanguage.data.of({ autocomplete: complete }), hoverTooltip(explainWord)];
}

async function complete({ state, pos, explicit }: CompletionContext): Promise<CompletionResult | null> {
  const place = findPlace(state.doc.toString(), pos);
  if (place === null || (!explicit && place.kind === "key" && place.from === pos)) return null;
  const schema = await readSchema();
  if (schema === null) return null;
  const { kind, path, from, beside } = place;
  const options = kind === "value" ? offerValues(schema, path).map((offer) => write(offer)) : offerKeys(schema, path, beside).map((offer) => writeKey(schema, path, offer));
  return options.length === 0 ? null : { from, options, validFor: /^[\w.-]*$/ };
}

function write({ label, detail, info, text }: Offer): Completion {
  return { label, detail, info, apply: text, type: "constant" };
}

/** A key with what comes after it: the colon, and the list of its values or, of a mapping, the next line. */
function writeKey(schema: Schema, path: readonly string[], offer: Offer): Completion {
  const found = findSchema(schema, [...path, offer.label]) ?? {};
  const apply = (view: EditorView, _: Completion, from: number, to: number) => {
    const line = view.state.doc.lineAt(from);
    const isWritten = /^\s*:/.test(view.state.sliceDoc(to, line.to));
    const below = isMapping(found) ? `\n${" ".repeat(from - line.from + 2)}` : "";
    const insert = isWritten ? offer.label : offer.text + below;
    view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, userEvent: "input.complete" });
    if (!isWritten && (isMapping(found) || listValues(found) !== null)) startCompletion(view);
  };
  // A name is for a service at the repository's root alone: the last of all.
  return { ...write(offer), apply, type: "property", boost: offer.label === "name" && path.length === 0 ? -50 : 0 };
}

async function explainWord(view: EditorView, at: number) {
  const word = findWord(view.state.doc.toString(), at);
  const schema = word && (await readSchema());
  const found = word && schema && findSchema(schema, word.path);
  const text = found ? explain(found) : "";
  if (word === null || text === "") return null;
  return {
    pos: word.from,
    end: word.to,
    create: () => {
      const dom = document.createElement("p");
      dom.className = "cm-explanation";
      dom.textContent = text;
      return { dom };
    },
  };
}
