"""Does a namespace's ResourceQuota allow one more pod? Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from runtime.node.kinds import Object
from runtime.node.validation import parse_quantity

_COUNTED = ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory")


def find_excess(quotas: Iterable[Object], pods: Iterable[Object], wanted: Object) -> str | None:
    """Why a pod with the specification `wanted` is too much beside these pods; None where it is not.

    Pods that are being deleted do not count: what replaces them may start before they have ended.
    """
    staying = [pod["spec"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    used, asked = sum((_count(spec) for spec in staying), Counter[str]()), _count(wanted)
    for quota in quotas:
        for resource, limit in sorted((quota["spec"].get("hard") or {}).items()):
            allowed = parse_quantity(limit)
            if resource in ("pods", *_COUNTED) and allowed is not None and used[resource] + asked[resource] > allowed:
                amounts = ((what, _format(resource, count[resource])) for what, count in _name(asked, used))
                said = ", ".join(f"{what}: {resource}={amount}" for what, amount in amounts)
                return f"exceeded quota: {quota['metadata']['name']}, {said}, limited: {resource}={limit}"
    return None


def _name(asked: Counter[str], used: Counter[str]) -> list[tuple[str, Counter[str]]]:
    return [("requested", asked), ("used", used)]


def _count(spec: Object) -> Counter[str]:
    """What a pod needs: its number in `pods`, cores, bytes."""
    found: Counter[str] = Counter({"pods": 1})
    for container in spec.get("containers") or ():
        for resource in _COUNTED:
            which, what = resource.split(".")
            amount = (container.get("resources") or {}).get(which, {}).get(what)
            # Counter's values are numbers; typeshed says int.
            found[resource] += (parse_quantity(amount) or 0) if amount is not None else 0  # type: ignore[assignment]
    return found


def _format(resource: str, amount: float) -> str:
    if resource.endswith("cpu"):
        return f"{round(amount * 1000)}m"
    return f"{round(amount / 2**20)}Mi" if resource.endswith("memory") else str(round(amount))
