/** The one-time link that the first start prints: its code is behind the `#`, where no log and no server sees it. */
import { Link, redirect, useLoaderData } from "react-router";
import { signIn } from "@/api/session";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Title } from "@/components/Title";
import * as paths from "@/paths";
import styles from "./LoginPage.module.css";

/** Signs in and goes on; what went wrong is what the page shows. */
export async function loader() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code") ?? "";
  try {
    await signIn({ code });
  } catch (error) {
    return { error };
  }
  return redirect(paths.patterns.home);
}

export function Component() {
  const { error } = useLoaderData<Exclude<Awaited<ReturnType<typeof loader>>, Response>>();
  return (
    <main className={styles.page}>
      <Title>Sign in</Title>
      <h1>Sign in to PaaKS</h1>
      <ProblemPanel error={error} />
      <Link to={paths.login()}>Log in with a password</Link>
    </main>
  );
}
