/** Writes `<file>.gz` beside every text that is built, so that the server compresses nothing while it serves. */
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const TEXT = /\.(js|css|html|svg)$/;

export function compress(): Plugin {
  return {
    name: "paaks:compress",
    apply: "build",
    async writeBundle(output) {
      const folder = output.dir ?? "dist";
      const names = await readdir(folder, { recursive: true });
      for (const name of names.filter((found) => TEXT.test(found))) {
        const path = join(folder, name);
        await writeFile(`${path}.gz`, gzipSync(await readFile(path), { level: 9 }));
      }
    },
  };
}
