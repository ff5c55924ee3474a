"""Attributes as OTLP has them, encoded once as long as they come again. Pure.

Most attributes of a record are those of the records beside it: its Application, its revision, a kind of resource. What
protobuf cannot hold, and the encoder would leave out in silence, is made to fit before.
Source: opentelemetry-exporter-otlp-proto-common 1.45, opentelemetry-sdk 1.45.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final, TypeAlias

from google.protobuf.message import Message
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource

from observability.model.event import Attribute

_Pair: TypeAlias = tuple[str, Attribute]
_Key: TypeAlias = tuple[str, Attribute] | tuple[str, Attribute, type]

_MOST_KEPT: Final = 8_192
"""About 2 MiB; then all are forgotten."""
_INTEGER_MAX: Final = 2**63 - 1
_LENGTH_DELIMITED: Final = 2
_NO_RESOURCE: Final = Resource({})


class Attributes:
    """Encoded attributes, as bytes."""

    def __init__(self) -> None:
        self._kept: dict[_Key, bytes] = {}

    def encoded(self, records: Sequence[Mapping[str, Attribute]], message: type[Message]) -> list[bytes]:
        """The attributes of each record, as bytes of the field `attributes` of this kind of message.

        Raises ValueError when one cannot be written.
        """
        kept = self._kept
        keys = [
            [pair if type(pair[1]) is str else (*pair, type(pair[1])) for pair in attributes.items()]
            for attributes in records
        ]
        asked = set(chain.from_iterable(keys))
        missing = asked.difference(kept)
        if len(kept) + len(missing) > _MOST_KEPT:
            kept.clear()
            missing = asked
        if missing:
            words = [key for key in missing if len(key) == 2]
            kept.update(zip(words, map(_delimited, map(_word, words)), strict=True))
            others = [key for key in missing if len(key) == 3]
            found = _pairs(others) if others else ()
            if len(found) != len(others):
                raise ValueError("an attribute has a value that OTLP does not know")
            kept.update(zip(others, map(_delimited, found), strict=True))
        tag = bytes(((message.DESCRIPTOR.fields_by_name["attributes"].number << 3) | _LENGTH_DELIMITED,))
        return [tag + tag.join([kept[key] for key in of_one]) if of_one else b"" for of_one in keys]


def text(text: str) -> str:
    """Half a surrogate pair, which UTF-8 has no bytes for, becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


class _Carrier(dict[str, Attribute]):
    """Attributes among which a name may come more than once."""

    def __init__(self, pairs: Sequence[_Pair]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def items(self) -> Sequence[_Pair]:  # type: ignore[override]
        """All of them."""
        return self._pairs


def _word(key: _Key) -> KeyValue:
    """As the encoder makes it, by the shortest way: most attributes that are of one record alone are words."""
    return KeyValue(key=text(key[0]), value=AnyValue(string_value=text(str(key[1]))))


def _pairs(keys: Iterable[_Key]) -> Sequence[KeyValue]:
    """What the encoder makes of these attributes, in their order; it leaves out what it cannot write."""
    carrier = _Carrier([(text(key[0]), _value(key[1])) for key in keys])
    request = encode_logs([ReadableLogRecord(LogRecord(attributes=carrier), _NO_RESOURCE)])
    found: Sequence[KeyValue] = request.resource_logs[0].scope_logs[0].log_records[0].attributes
    return found


def _value(value: Attribute) -> Attribute:
    """An integer beyond 64 bits becomes a float."""
    match value:
        case str():
            return text(value)
        case tuple():
            return tuple(map(text, value))
        case int() if abs(value) > _INTEGER_MAX:
            return float(value)
        case _:
            return value


def _delimited(pair: KeyValue) -> bytes:
    """With its length in front, as protobuf writes that."""
    data = pair.SerializeToString()
    number, length = len(data), bytearray()
    while number > 0x7F:
        length.append(number & 0x7F | 0x80)
        number >>= 7
    length.append(number)
    return bytes(length) + data
