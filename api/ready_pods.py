"""How many pods of each service answer visitors at this moment, as the cluster says it.

Asked only for whoever wants to know it: it costs a list of the tenant's pods. What does not live here: how a release is
doing (`live.py`), why a pod is not ready (`core/health.py`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from core import health, names
from core.cluster import Cluster, ClusterError
from core.errors import RetryLater
from core.tenants import Tenant

_SECONDS = 1.0


async def count_ready(cluster: Cluster, tenant: Tenant, service: str | None = None) -> Mapping[str, int] | None:
    """Service → its ready pods, of whichever revision: of one, or of all; one that has none may be left out.

    None where the cluster does not answer within a second.
    """
    selector = names.write_selector(names.selector_labels(tenant.id, service)) if service is not None else None
    try:
        async with asyncio.timeout(_SECONDS):
            pods, _ = await cluster.list("Pod", namespace=tenant.namespace, selector=selector)
    except (RetryLater, ClusterError, TimeoutError):
        return None
    answering = (pod for pod in pods if health.is_ready(pod) and not pod["metadata"].get("deletionTimestamp"))
    return Counter(name for pod in answering if (name := names.label_of(pod, names.LABEL_SERVICE)) is not None)
