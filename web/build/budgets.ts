/** Fails a build whose scripts are too large: what the first page needs, and what the editor adds to it. */
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
      const entry = chunks.filter((chunk) => chunk.isEntry);
      const first = collect(entry, chunks);
      const editor = collect(chunks.filter((chunk) => holdsEditor(chunk) && !first.has(chunk)), chunks);
      const before = findBefore(chunks);
      const added = [...editor].filter((chunk) => !first.has(chunk) && !before.has(chunk));
      const sizes = { first: weigh(first), editor: weigh(new Set(added)) };
      if ([...first].some(holdsEditor)) this.error("the editor is loaded with the first page");
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

/** What is there before the editor: the pages that ask for it, which its chunks import from again, and what those import. */
function findBefore(chunks: Rollup.OutputChunk[]): Set<Rollup.OutputChunk> {
  const needsEditor = (chunk: Rollup.OutputChunk) => [...collect([chunk], chunks)].some(holdsEditor);
  const wanted = new Set(chunks.filter(needsEditor).map((chunk) => chunk.fileName));
  const pages = chunks.filter((chunk) => !needsEditor(chunk) && chunk.dynamicImports.some((name) => wanted.has(name)));
  return collect(pages, chunks);
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
