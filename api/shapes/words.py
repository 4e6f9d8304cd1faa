"""Words that the API's answers choose from, and the forms of their texts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema
from typing_extensions import TypeAliasType

from core.problems import CATALOGUE

Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Sha = Annotated[str, Field(pattern="^[0-9a-f]{40}$")]

ProblemType = TypeAliasType(
    "ProblemType",
    Annotated[str, WithJsonSchema({"type": "string", "enum": [f"/problems/{slug}" for slug in CATALOGUE]})],
)
Role = TypeAliasType("Role", Literal["viewer", "developer", "admin"])
Scope = TypeAliasType("Scope", Literal["read", "write", "invoke", "admin"])
Credential = TypeAliasType("Credential", Literal["session", "access", "personal"])
ReleaseState = TypeAliasType("ReleaseState", Literal["pending", "live", "failed", "superseded", "removed", "held"])
ServiceState = TypeAliasType(
    "ServiceState", Literal["pending", "live", "failed", "superseded", "removed", "held", "unknown"]
)
PodState = TypeAliasType("PodState", Literal["ready", "starting", "failed", "going"])
ResourceState = TypeAliasType("ResourceState", Literal["ready", "starting", "failed", "going", "missing"])
Stage = TypeAliasType("Stage", Literal["commit", "check", "apply", "start", "live"])
Via = TypeAliasType("Via", Literal["git", "web", "api", "cli", "rollback"])
ServiceChange = TypeAliasType("ServiceChange", Literal["created", "updated", "removed"])
FileMode = TypeAliasType("FileMode", Literal["100644", "100755"])
