import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { compress } from "./build/compress.ts";
import { keepBudgets } from "./build/budgets.ts";

const api = process.env.PAAKS_API ?? "http://127.0.0.1:3000";

export default defineConfig({
  plugins: [react(), compress(), keepBudgets({ first: 150_000, editor: 200_000 })],
  resolve: { alias: { "@": fileURLToPath(new URL("src", import.meta.url)) } },
  build: {
    target: "es2023",
    outDir: process.env.PAAKS_WEB_DIST ?? "dist",
    emptyOutDir: true,
    // The policy of the pages allows no script or image that is written into a page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  // Pure parts only: what needs a browser is tested in a real one (tests/web).
  test: { include: ["src/**/*.test.ts"] },
  worker: { format: "es" },
  // `npm run dev` beside a running `make run`: pages that reload themselves, the real API behind them.
  server: { proxy: { "/api": api, "/git": api } },
});
