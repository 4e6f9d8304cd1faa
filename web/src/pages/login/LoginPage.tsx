import { useNavigate, useSearchParams } from "react-router";
import { SignInForm } from "@/components/SignInForm";
import { Title } from "@/components/Title";
import * as paths from "@/paths";
import styles from "./LoginPage.module.css";

export function Component() {
  const navigate = useNavigate();
  const [search] = useSearchParams();
  return (
    <main className={styles.page}>
      <Title>Login</Title>
      <SignInForm title="Log in to PaaKS" onSignedIn={() => void navigate(paths.ownPath(search.get("next")))} />
      <p className="muted">
        <a href="/docs">HTTP API</a>
      </p>
    </main>
  );
}
