/** What somebody types in their first five minutes with a tenant. Pure. */
export function writeFirstSteps(slug: string, server: string, email: string): string {
  return [
    `paaks login ${server} --email ${email}`,
    `paaks clone ${slug} && cd ${slug}`,
    "sed -i 's/hello/good day/' hello/handler.py",
    "git commit -am 'Greet politely' && git push",
    "paaks call hello",
  ].join("\n");
}
