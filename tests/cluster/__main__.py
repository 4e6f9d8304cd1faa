"""`make cluster`: a Kubernetes for a person, until Ctrl-C."""

from __future__ import annotations

import signal
import sys
import time

from tests.cluster.cluster import KubernetesCluster, find_missing


def main() -> int:
    """Start it, say how it is used, wait for Ctrl-C or SIGTERM; the exit code."""
    if reason := find_missing():
        print(reason, file=sys.stderr)
        return 1
    started = time.monotonic()
    cluster = KubernetesCluster()
    try:
        cluster.start()
        seconds = time.monotonic() - started
        print(f"ready after {seconds:.1f} s, logs in {cluster.sandbox.directory}; Ctrl-C ends it")
        print(f"export KUBECONFIG={cluster.kubeconfig}", flush=True)
        while True:
            signal.pause()
    except KeyboardInterrupt:
        print("ending it")
    finally:
        cluster.stop()
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
