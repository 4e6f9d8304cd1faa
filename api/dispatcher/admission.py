"""May this request reach that service? One decision from what is known of callers and routes. No I/O.

A private service is its tenant's own: for everybody else there is no such service. `/<service>/` is the token's tenant.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from api.dispatcher.callers import Caller, Callers, NotTold
from api.dispatcher.route_table import Route, RouteTable
from api.dispatcher.targets import Place
from core import names
from core.errors import PaaksError, Problem, Refused


@dataclass(frozen=True, slots=True)
class Admitted:
    """The route, and the caller where it is one of the service's tenant. `has_credential`: Authorization was ours."""

    route: Route
    caller: Caller | None
    has_credential: bool


class NotKnown(PaaksError):
    """It cannot be decided yet: something is still being told. `route` is the service's, if there is one."""

    def __init__(self, route: Route | None, slug: str) -> None:
        super().__init__(slug)
        self.route, self.slug = route, slug


class Admission:
    """Decides; remembers nothing."""

    def __init__(self, table: RouteTable, callers: Callers) -> None:
        self._table = table
        self._callers = callers

    def admit(self, place: Place, authorization: bytes | None) -> Admitted:
        """Where the request may go. Raises Refused, or NotKnown where that may change by itself within a moment."""
        try:
            caller = self._callers.identify(authorization)
        except NotTold:
            raise NotKnown(None, "unavailable") from None
        namespace = self._find_namespace(place, caller)
        route = self._table.find(namespace, place.service) if namespace is not None else None
        is_own = caller is not None and namespace is not None and self._owns(caller, namespace)
        if route is None:
            if not self._table.synced:
                raise NotKnown(None, "not-live-yet")
            raise self._no_such_service(place, namespace if is_own else None)
        if not route.public:
            if caller is None and route.public is None:
                raise NotKnown(route, "not-live-yet")
            self._require_own(place, caller, is_own)
        return Admitted(route, caller if is_own else None, caller is not None)

    def _find_namespace(self, place: Place, caller: Caller | None) -> str | None:
        if place.slug is None:
            if caller is None:
                raise Refused(Problem("not-authenticated", "this address needs a token of the service's tenant"))
            return names.namespace_of(caller.tenant)
        tenant = self._callers.tenants.get(place.slug)
        return names.namespace_of(tenant) if tenant is not None else self._table.namespace_of(place.slug)

    def _owns(self, caller: Caller, namespace: str) -> bool:
        known = self._table.tenant_of(namespace)
        return known == caller.tenant if known is not None else names.namespace_of(caller.tenant) == namespace

    def _require_own(self, place: Place, caller: Caller | None, is_own: bool) -> None:
        if caller is None or not is_own:
            raise self._no_such_service(place, None)
        if "invoke" not in caller.scopes:
            raise Refused(Problem("forbidden", "the token has no scope `invoke`"))

    def _no_such_service(self, place: Place, own: str | None) -> Refused:
        """The same for a service that is not there and for one of somebody else; a near name only of the caller's."""
        near = difflib.get_close_matches(place.service, self._table.services_of(own), n=1) if own else []
        hint = f"did you mean {near[0]}?" if near else None
        detail = f"no service {place.service!r}" + (f" of {place.slug!r} is public" if place.slug and not own else "")
        return Refused(Problem("no-such-service", detail, hint=hint))
