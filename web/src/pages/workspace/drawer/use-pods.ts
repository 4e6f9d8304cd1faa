import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { podList } from "@/api/pods";
import { findEnd } from "./pods";

const AFTERWARDS = 1_000; // milliseconds: clocks differ

/** The pods of a service. Events make them old; of one that ends the cluster has said when it will be gone. */
export function usePods(slug: string, service: string) {
  const { data, error, refetch, dataUpdatedAt } = useQuery(podList(slug, service));
  const pods = data?.items;
  const end = pods && findEnd(pods);
  useEffect(() => {
    if (end == null) return;
    const timer = setTimeout(() => void refetch(), Math.max(0, end - Date.now()) + AFTERWARDS);
    return () => {
      clearTimeout(timer);
    };
  }, [end, refetch]);
  return { pods, error, readAt: dataUpdatedAt, readAgain: () => void refetch() };
}
