/** A one-time link: its code is behind the `#`, where no log and no server sees it. Some also let one choose a password. */
import { Link, redirect, useLoaderData, useNavigate } from "react-router";
import { signIn } from "@/api/session";
import { ProblemPanel } from "@/components/ProblemPanel";
import { Title } from "@/components/Title";
import * as paths from "@/paths";
import { ChoosePassword } from "./ChoosePassword";
import styles from "./LoginPage.module.css";

/** Signs in and goes on, unless a password is to be chosen first; what went wrong is what the page shows. */
export async function loader() {
  const link = new URLSearchParams(location.hash.slice(1));
  const code = link.get("code") ?? "";
  if (link.get("choose") === "password") return { code };
  try {
    await signIn({ code });
  } catch (error) {
    return { error };
  }
  return redirect(paths.patterns.home);
}

export function Component() {
  const found = useLoaderData<Exclude<Awaited<ReturnType<typeof loader>>, Response>>();
  const navigate = useNavigate();
  return (
    <main className={styles.page}>
      <Title>Sign in</Title>
      {"code" in found ? (
        <ChoosePassword code={found.code} onSignedIn={() => void navigate(paths.patterns.home, { replace: true })} />
      ) : (
        <>
          <h1>Sign in to PaaKS</h1>
          <ProblemPanel error={found.error} />
        </>
      )}
      <Link to={paths.login()}>Log in with a password</Link>
    </main>
  );
}
