/**
 * CodeMirror writes its style sheets into `<style>` elements, which our policy forbids. Sheets that are constructed and
 * adopted are allowed by every policy (CSP Level 3 knows no directive for them), so it gets those instead.
 */
import { StyleModule } from "style-mod";

const sheet = new CSSStyleSheet();
const mounted: StyleModule[] = [];

export function adoptStyles(): void {
  if (document.adoptedStyleSheets.includes(sheet)) return;
  document.adoptedStyleSheets.push(sheet);
  StyleModule.mount = (_root, modules) => {
    const wanted = modules instanceof StyleModule ? [modules] : modules;
    if (wanted.every((module) => mounted.includes(module))) return;
    // Later modules win over earlier ones: a new one is put behind the one that it followed.
    let place = 0;
    for (const module of wanted) {
      const found = mounted.indexOf(module);
      if (found < 0) mounted.splice(place, 0, module);
      place = (found < 0 ? place : found) + 1;
    }
    sheet.replaceSync(mounted.map((module) => module.getRules()).join("\n"));
  };
}
