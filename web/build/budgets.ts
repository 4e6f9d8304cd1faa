/** Fails a build whose scripts are too large: what a page needs before its editor, and what the editor adds to it. */
import { gzipSync } from "node:zlib";
import type { Plugin, Rollup } from "vite";

/** Bytes, compressed. */
interface Budgets {
  first: number;
  editor: number;
}

export function keepBudgets(budgets: Budgets): Plugin {
  return {
    name: "paaks:budgets",
    apply: "build",
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((part) => part.type === "chunk");
      const first = collect(chunks.filter((chunk) => chunk.isEntry), chunks);
      if ([...first].some(holdsEditor)) this.error("the editor is loaded with the first page");
      const editor = collect(chunks.filter(holdsEditor), chunks);
      const sizes = { first: weigh(first), editor: 0 };
      for (const page of findPages(chunks)) {
        const before = new Set([...first, ...collect([page], chunks)]);
        if ([...before].some(holdsEditor)) this.error(`the editor is loaded with ${page.fileName}`);
        sizes.first = Math.max(sizes.first, weigh(before));
        // Its chunks import from the page that asks for it, which is there already.
        sizes.editor = Math.max(sizes.editor, weigh(new Set([...editor].filter((chunk) => !before.has(chunk)))));
      }
      for (const name of ["first", "editor"] as const) {
        const said = `${name}: ${String(Math.round(sizes[name] / 1000))} kB of ${String(budgets[name] / 1000)} kB, compressed`;
        if (sizes[name] > budgets[name]) this.error(said);
        console.log(said);
      }
    },
  };
}

function holdsEditor(chunk: Rollup.OutputChunk): boolean {
  return chunk.moduleIds.some((id) => id.includes("/@codemirror/"));
}

/** The pages: what the router asks for. None may need the editor at once. */
function findPages(chunks: Rollup.OutputChunk[]): Rollup.OutputChunk[] {
  const asked = new Set(chunks.filter((chunk) => chunk.isEntry).flatMap((chunk) => chunk.dynamicImports));
  return chunks.filter((chunk) => asked.has(chunk.fileName));
}

/** The chunks and all that they import at once. */
function collect(from: Rollup.OutputChunk[], all: Rollup.OutputChunk[]): Set<Rollup.OutputChunk> {
  const found = new Set(from);
  for (const chunk of found) {
    for (const other of all) if (chunk.imports.includes(other.fileName)) found.add(other);
  }
  return found;
}

function weigh(chunks: Set<Rollup.OutputChunk>): number {
  return [...chunks].reduce((sum, chunk) => sum + gzipSync(chunk.code, { level: 9 }).length, 0);
}
