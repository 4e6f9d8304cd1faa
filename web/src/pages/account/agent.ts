/** What a browser calls itself, as people call it. Pure. */

// The order counts: each of them also says that it is one of those after it.
const PROGRAMS = [["Edg", "Edge"], ["OPR", "Opera"], ["Firefox"], ["Chrome"], ["Safari"], ["paaks"]];
const SYSTEMS = [["Android"], ["iPhone"], ["iPad"], ["Windows"], ["Mac OS", "macOS"], ["CrOS", "ChromeOS"], ["Linux"]];

/** `Firefox on Linux`; what says neither is shown as it is. */
export function sayAgent(userAgent: string): string {
  const program = find(userAgent, PROGRAMS);
  const system = find(userAgent, SYSTEMS);
  if (program === undefined) return userAgent === "" ? "unknown" : userAgent.slice(0, 60);
  return system === undefined ? program : `${program} on ${system}`;
}

function find(text: string, names: string[][]): string | undefined {
  return names.find(([mark = ""]) => text.includes(mark))?.at(-1);
}
