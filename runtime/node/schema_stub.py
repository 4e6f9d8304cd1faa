"""The old form of the schemas, `/openapi/v2` in protobuf, with which `kubectl apply` judges a List. Pure.

Each kind is named and anything is allowed of it. The messages are those of gnostic's `OpenAPIv2.proto`; the numbers
below are its field numbers.
"""

from __future__ import annotations

import json

from runtime.node import kinds
from runtime.node.kinds import Kind

MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"  # clients that parse it want no @
_DOCUMENT_SWAGGER, _DOCUMENT_INFO, _DOCUMENT_DEFINITIONS = 1, 2, 9
_INFO_TITLE, _INFO_VERSION = 1, 2
_DEFINITIONS_NAMED = 1
_NAME, _VALUE = 1, 2  # of NamedSchema and NamedAny
_SCHEMA_EXTENSION = 31
_ANY_YAML = 2
_DELIMITED = 2  # the wire type of strings and messages


def encode_schemas() -> bytes:
    """The document, as a protobuf message."""
    info = _field(_INFO_TITLE, b"PaaKS node") + _field(_INFO_VERSION, b"v1")
    named = b"".join(_field(_DEFINITIONS_NAMED, _definition(kind)) for kind in kinds.KINDS)
    return _field(_DOCUMENT_SWAGGER, b"2.0") + _field(_DOCUMENT_INFO, info) + _field(_DOCUMENT_DEFINITIONS, named)


def _definition(kind: Kind) -> bytes:
    # JSON is YAML.
    identity = json.dumps([{"group": kind.group, "version": kind.version, "kind": kind.name}]).encode()
    extension = _field(_NAME, b"x-kubernetes-group-version-kind") + _field(_VALUE, _field(_ANY_YAML, identity))
    name = f"paaks.node.{kind.group or 'core'}.v1.{kind.name}".encode()
    return _field(_NAME, name) + _field(_VALUE, _field(_SCHEMA_EXTENSION, extension))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _DELIMITED) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
