import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";
import { floors } from "./eslint/layers.js";

export default tseslint.config(
  { ignores: ["dist*", "node_modules", "src/api/schema.d.ts"] },
  js.configs.recommended,
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "no-restricted-globals": ["error", "fetch", "confirm", "alert", "prompt"],
    },
  },
  {
    files: ["src/**/*.ts", "src/**/*.tsx"],
    plugins: { "react-hooks": reactHooks, house: { rules: { floors } } },
    rules: {
      ...reactHooks.configs.recommended.rules,
      "house/floors": "error",
      "max-lines": ["error", 200],
      "max-lines-per-function": ["error", { max: 120 }],
    },
  },
  // The door to the network.
  { files: ["src/api/client.ts"], rules: { "no-restricted-globals": "off" } },
  { files: ["public/*.js"], languageOptions: { globals: { document: "readonly", localStorage: "readonly" } } },
  { files: ["eslint/*.js", "eslint.config.js"], languageOptions: { globals: { process: "readonly" } } },
);
