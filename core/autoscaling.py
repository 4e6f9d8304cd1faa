"""Which Deployments without pods an autoscaler has put there. Asked only where `managedFields` cannot say it.

Who scales to 0 through the `scale` subresource is not recorded: the 0 is left out of what is sent, so the field is
nobody's then. A person with `kubectl scale` leaves the same trace; what tells them apart is a HorizontalPodAutoscaler
for the Deployment (KEDA makes one too). Nothing tells when one has gone: the next full pass sees it. What does not live
here: every other number (`ownership.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from core import ownership, plan
from core.cluster import Cluster, InvalidError
from core.ownership import Owners

_log = structlog.get_logger(component="autoscaling")
Object = dict[str, Any]


async def find_idle(
    cluster: Cluster, namespace: str, live: Mapping[plan.Key, Object], owners: Mapping[plan.Key, Owners]
) -> frozenset[str]:
    """The names of the Deployments of a namespace whose 0 replicas are an autoscaler's. Raises RetryLater."""
    suspected = {
        name
        for (kind, _, name), obj in live.items()
        if kind == "Deployment" and ownership.is_scaled_to_nothing(obj, owners.get((kind, namespace, name), Owners()))
    }
    if not suspected:
        return frozenset()
    try:
        autoscalers, _ = await cluster.list("HorizontalPodAutoscaler", namespace=namespace)
    except InvalidError as error:
        if error.status != 404:  # the node has none
            _log.warning("autoscalers cannot be listed", namespace=namespace, cause=error.message)
        return frozenset()
    targets = [obj.get("spec", {}).get("scaleTargetRef", {}) for obj in autoscalers]
    return frozenset(suspected.intersection(t.get("name") for t in targets if t.get("kind") == "Deployment"))
