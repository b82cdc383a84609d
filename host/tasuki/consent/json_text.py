"""JSON that came from elsewhere, read strictly; and the one form of it that is signed.

What two readers could understand differently is refused: double keys, fractions, endless nesting,
numbers beyond 64 bits, half a character.
"""

import json
from typing import Any, NoReturn

from tasuki.errors import Untrusted

MOST_BYTES = 1 << 20
_DEPTH = 16
_MOST_DIGITS = 19


def canonical(value: Any) -> bytes:
    """The bytes that are signed: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def load(data: bytes) -> dict[str, Any]:
    """One JSON object; Untrusted says why it is none that we read."""
    if len(data) > MOST_BYTES:
        raise Untrusted("too_large", f"it has {len(data)} bytes, more than {MOST_BYTES}")
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_no_number,
            parse_constant=_no_number,
            parse_int=_integer,
        )
        canonical(value)  # a lone surrogate has no UTF-8
    except RecursionError:
        raise Untrusted("too_deep", "it is nested too deeply") from None
    except ValueError as e:
        raise Untrusted("malformed", f"it is no JSON that we read: {e}") from e
    if not isinstance(value, dict):
        raise Untrusted("malformed", "it is no JSON object")
    _measure(value, _DEPTH)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Untrusted("double_key", "a key stands twice in one object")
    return found


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise Untrusted("malformed", "a number has too many digits")
    return int(text)


def _no_number(text: str) -> NoReturn:
    raise Untrusted("malformed", f"the number {text[:20]} is no integer")


def _measure(value: Any, depth: int) -> None:
    if not depth:
        raise Untrusted("too_deep", f"it is nested more than {_DEPTH} levels deep")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            _measure(part, depth - 1)
