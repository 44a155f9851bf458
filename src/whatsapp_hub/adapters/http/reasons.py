"""Convert msgspec's messages to reasons for people, which follow a field's name."""

import re
from collections.abc import Sequence
from typing import Any

from msgspec import inspect

_EXPECTED = re.compile(r"Expected `(?P<types>[^`]+)`(?:, got `(?P<got>[^`]+)`)?(?P<bound>.*)", re.DOTALL)
_LENGTH = re.compile(r" of length (?P<sign>>=|<=|==) (?P<count>\d+)")
_BOUND = re.compile(r" (?P<sign>>=|<=|>|<) (?P<limit>\S+)")
_MATCHING = re.compile(r" matching regex (?P<pattern>.+)", re.DOTALL)
_BROKEN = re.compile(r"JSON is malformed: (?P<why>.+)", re.DOTALL)
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "uuid": "a UUID",
    "datetime": "a time such as 2026-01-31T12:00:00Z",
    "null": "null",
    "NoneType": "null",
    "list": "a list",
    "dict": "an object",
}
_SIGNS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than", "==": "exactly"}
_KNOWN = {
    "Invalid UUID": "must be a UUID",
    "Invalid RFC3339 encoded datetime": "must be a time such as 2026-01-31T12:00:00Z",
    "Timestamp is out of range": "must be a time of the years 1 to 9999",
    "Unsupported type: <class 'str'>": "must be a file",
    "Input data was truncated": "is not valid JSON: it ends too early",
    "Object keys must be strings": "is not valid JSON: a name must be text",
    "'data'": "is missing: JSON is needed",
    "a JSON body is needed": "is missing: JSON is needed",
}


def reason_of(message: str, choices: Sequence[str] = ()) -> str:
    """Return the reason for a message of the decoder; `choices`: the values that the field accepts."""
    if (known := _KNOWN.get(message.strip())) is not None:
        return known
    if message.startswith(("Invalid enum value", "Invalid value ")):
        return f"must be one of {', '.join(choices)}" if choices else "must be one of the values known here"
    if match := _BROKEN.fullmatch(message):
        return f"is not valid JSON: {match['why']}"
    if match := _EXPECTED.fullmatch(message):
        return _expected(match)
    return f"is not acceptable: {message[:1].lower()}{message[1:]}".replace("`", "")


def _expected(match: re.Match[str]) -> str:
    if length := _LENGTH.search(match["bound"]):
        kind = "entries" if "array" in match["types"] else "characters"
        return f"must have {_SIGNS[length['sign']]} {length['count']} {kind}"
    if pattern := _MATCHING.search(match["bound"]):
        return f"must match {pattern['pattern'].strip(chr(39))}"
    if bound := _BOUND.search(match["bound"]):
        return f"must be {_SIGNS[bound['sign']]} {bound['limit']}"
    wanted = " or ".join(
        _word(name)
        for name in match["types"].split(" | ")
        if name != "null" or match["got"] not in ("null", "NoneType")
    )
    return f"must be {wanted}, not {_word(match['got'])}" if match["got"] else f"must be {wanted}"


def _word(name: str) -> str:
    return _WORDS.get(name.strip(), name.strip())


def choices_of(annotation: object, path: Sequence[str]) -> list[str]:
    """Return the values that an enumerated field accepts, in the structure that `annotation` describes; none where the
    path leads to no such field."""
    try:
        nodes = _alternatives(inspect.type_info(annotation))
        for step in path:
            nodes = [inner for node in nodes for found in _into(node, step) for inner in _alternatives(found)]
    except (TypeError, ValueError):
        return []
    return [value for node in nodes for value in _values(node)]


def _alternatives(node: Any) -> list[Any]:
    return list(node.types) if isinstance(node, inspect.UnionType) else [node]


def _into(node: Any, step: str) -> list[Any]:
    """Return what stands there in this alternative: nothing, where only others have such a field."""
    if isinstance(node, inspect.StructType):
        if step == node.tag_field:
            return [inspect.LiteralType((node.tag,))]
        return [field.type for field in node.fields if field.encode_name == step]
    if isinstance(node, inspect.ListType):
        return [node.item_type]
    return [node.value_type] if isinstance(node, inspect.DictType) else []


def _values(node: Any) -> list[str]:
    if isinstance(node, inspect.EnumType):
        return [str(member.value) for member in node.cls]
    return [str(value) for value in node.values] if isinstance(node, inspect.LiteralType) else []
