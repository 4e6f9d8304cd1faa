/** A request as a few lines of Python, for httpx. Pure; `PAAKS_TOKEN` is a personal access token. */
import type { Called } from "@/components/copy-as/service-commands";
import type { Command } from "@/components/copy-as/commands";

/** `url`: where the service answers, with a slash at its end. */
export function pythonCommand(url: string, { method, path, headers, body }: Called): Command {
  const fields = Object.entries(headers).map(([name, value]) => `        ${quote(name)}: ${quote(value)},\n`).join("");
  const data = body === undefined || body === "" ? "" : `    content=${quote(body)}.encode(),\n`;
  const text = [
    "import os\n\nimport httpx\n\n",
    `answer = httpx.request(\n    ${quote(method)},\n    ${quote(new URL(url + path.slice(1)).href)},\n`,
    `    headers={\n        "Authorization": f"Bearer {os.environ['PAAKS_TOKEN']}",\n${fields}    },\n`,
    `${data})\nprint(answer.status_code, answer.text)\n`,
  ];
  return { name: "python", text: text.join("") };
}

/** A text of Python: what JSON escapes, Python reads the same way. */
function quote(text: string): string {
  return JSON.stringify(text);
}
