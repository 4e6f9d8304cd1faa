/**
 * The floors of the web, as a rule: app → pages → components → api → paths. Whoever stands on a floor imports from
 * those below it; a page never imports another page.
 */
import path from "node:path";

const FLOORS = ["paths", "api", "components", "pages", "app"];
const SRC = path.resolve(import.meta.dirname, "../src");

/** The floor and, for pages, the page of a file; a file directly in `src` is the entry, above all. */
function place(file) {
  const [first = "", second = ""] = path.relative(SRC, file).split(path.sep);
  const name = first.replace(/\.tsx?$/, "");
  return { level: FLOORS.indexOf(name), page: name === "pages" ? second.replace(/\.tsx?$/, "") : null };
}

/** @type {import("eslint").Rule.RuleModule} */
export const floors = {
  meta: { type: "problem", schema: [], messages: { upwards: "{{to}} is not below {{from}} (web/eslint/layers.js)" } },
  create(context) {
    const from = place(context.filename);
    function check(node) {
      const name = node.source?.value;
      if (typeof name !== "string" || !/^(@\/|\.)/.test(name)) return;
      const target = name.startsWith("@/") ? path.join(SRC, name.slice(2)) : path.resolve(path.dirname(context.filename), name);
      const to = place(target);
      const isAbove = from.level >= 0 && to.level > from.level;
      const isOtherPage = from.page !== null && to.page !== null && from.page !== to.page;
      if (isAbove || isOtherPage) context.report({ node, messageId: "upwards", data: { from: label(context.filename), to: name } });
    }
    return { ImportDeclaration: check, ImportExpression: check, ExportNamedDeclaration: check, ExportAllDeclaration: check };
  },
};

function label(file) {
  return path.relative(SRC, file);
}
