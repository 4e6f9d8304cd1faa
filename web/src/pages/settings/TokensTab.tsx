import { Panel } from "@/components/Panel";
import { Tokens } from "@/components/tokens/Tokens";

export function TokensTab({ slug }: { slug: string }) {
  return (
    <Panel title="Your tokens" note={`Each acts as you, in ${slug} alone: as a password for git, and for the HTTP API and the command line.`}>
      <Tokens slug={slug} />
    </Panel>
  );
}
