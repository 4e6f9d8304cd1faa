import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { fileList } from "@/api/files";
import type { Release } from "@/api/schema";
import * as paths from "@/paths";
import styles from "./Traceback.module.css";
import { readTraceback } from "./traceback";

/** The evidence of a failure. Its lines lead to the editor or, where the failure is past, to the file as it was. */
export function Traceback({ slug, release, isTip }: { slug: string; release: Release; isTip: boolean }) {
  const { service, commit, message } = release;
  const files = useQuery(fileList(slug, service, commit)).data?.items.map(({ path }) => path) ?? [];
  if (message === null) return null;
  const link = (file: string, line: number) =>
    isTip ? paths.service(slug, service, file, line) : paths.file(slug, service, file, { ref: commit, line });
  return (
    <pre className={styles.text} aria-label={`Why ${service} failed`} tabIndex={0}>
      {readTraceback(message, files).map(({ text, place }, index) => (
        <span key={index}>
          {place ? <Link to={link(place.file, place.line)}>{text}</Link> : text}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}
