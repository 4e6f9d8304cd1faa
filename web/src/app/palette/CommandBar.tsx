/** The way to the palette and to the help, by button and by key. Both are loaded when they are first opened. */
import { Suspense, lazy, useState } from "react";
import { Keys } from "@/components/actions/Keys";
import { useAction } from "@/components/actions/registry";
import { useKeys } from "@/components/actions/use-keys";
import { Icon } from "@/components/Icon";

const Palette = lazy(() => import("./Palette"));
const Help = lazy(() => import("./Help"));

export function CommandBar({ slug }: { slug: string | undefined }) {
  const [opened, setOpened] = useState<"palette" | "help" | null>(null);
  const close = () => { setOpened(null); };
  const find = () => { setOpened("palette"); };
  const help = () => { setOpened("help"); };
  useKeys();
  useAction({ name: "Find anything", keys: "Mod+k", run: find, isKeyOnly: true });
  useAction({ name: "Find", keys: "/", run: find, isKeyOnly: true });
  useAction({ name: "Keys of this page", keys: "?", run: help });
  return (
    <>
      <button className="quiet" title="Find or do something" aria-haspopup="dialog" onClick={find}>
        <Icon name="search" /> <span className="hidden">Find or do something</span> <Keys keys="Mod+k" />
      </button>
      <button className="quiet" title="Keys of this page" aria-haspopup="dialog" onClick={help}>
        <span aria-hidden="true">?</span> <span className="hidden">Keys of this page</span>
      </button>
      <Suspense>
        {opened === "palette" && <Palette slug={slug} onClose={close} />}
        {opened === "help" && <Help onClose={close} />}
      </Suspense>
    </>
  );
}
