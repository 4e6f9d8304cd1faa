/** The window's title: the state first, so that a tab in the background tells the story. */
export function Title({ children }: { children: string }) {
  return <title>{`${children} — PaaKS`}</title>;
}
