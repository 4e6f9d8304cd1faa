/** What two commits differ in. */
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { commitDetail } from "@/api/history";
import { CopyAs } from "@/components/copy-as/CopyAs";
import { compareCommands } from "@/components/copy-as/commands";
import { Comparison } from "@/components/diff/Comparison";
import { Empty } from "@/components/Empty";
import { Time } from "@/components/Time";
import { Title } from "@/components/Title";
import * as paths from "@/paths";
import styles from "./ComparePage.module.css";

export function Component() {
  const { slug = "", span = "" } = useParams();
  const [one = "", other = ""] = span.split("...");
  const [first, second] = [useQuery(commitDetail(slug, one)).data, useQuery(commitDetail(slug, other)).data];
  if (one === "" || other === "") return <Empty isPage title="Two commits are compared">As in a…b: choose them in the history.</Empty>;
  return (
    <div className={styles.page}>
      <Title>{`${one.slice(0, 7)} … ${other.slice(0, 7)}`}</Title>
      <header className={styles.head}>
        <div>
          <p className="muted"><Link to={paths.history(slug)}>History</Link> /</p>
          <h1>Compare {one.slice(0, 7)} with {other.slice(0, 7)}</h1>
        </div>
        <span className={styles.actions}>
          <Link className="button" to={paths.compare(slug, other, one)} replace>Swap</Link>
          <CopyAs commands={compareCommands(slug, one, other)} />
        </span>
      </header>
      <dl className={styles.ends}>
        {[{ word: "From", commit: first }, { word: "To", commit: second }].map(({ word, commit }) => (
          <div key={word}>
            <dt>{word}</dt>
            {commit && (
              <dd>
                <Link to={paths.commit(slug, commit.sha)}><code>{commit.sha.slice(0, 7)}</code> {commit.subject}</Link>{" "}
                <span className="muted">{commit.author.name}, <Time at={commit.at} /></span>
              </dd>
            )}
          </div>
        ))}
      </dl>
      <Comparison slug={slug} base={one} head={other} />
    </div>
  );
}
