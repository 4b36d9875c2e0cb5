"""Records in files: JSON or YAML, one or several."""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

# Where a document begins, with its directives, which stand at the top or behind the end of another; nothing within a
# document can look like this: YAML 1.2, 9.1.2.
_LEAD = r"(?:[%#].*\n|[ \t]*\n)*"
_BEGIN = re.compile(rf"(?:(?:\A|^\.\.\.(?:[ \t].*)?\n)({_LEAD}---)|^(---))(?=\s|$)", re.MULTILINE)


class _Loader(yaml.SafeLoader):
    """Leaves times as the strings that they are in a record, and takes no key twice: the last one would just win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                problem = f"{key.value!r} stands twice in one map"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Written:
    """A record as somebody wrote it, and where.

    Attributes:
        where: File and line, for messages.
    """

    where: str
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What stands somewhere and is no record.

    Attributes:
        complaint: Where, and what is wrong.
    """

    complaint: str


def records_in(files: Sequence[Path]) -> tuple[Sequence[Written], Sequence[str]]:
    """Read the records of files, and say of each thing in them that is none what is wrong with it.

    A file may hold a record, a list of them, or several YAML documents of either; ``-`` stands for stdin.
    """
    found = [one for file in files for one in _records_of(file)]
    records = [one for one in found if isinstance(one, Written)]
    return records, [one.complaint for one in found if isinstance(one, Unreadable)]


def _records_of(file: Path) -> Iterator[Written | Unreadable]:
    name, is_empty = "stdin" if str(file) == "-" else str(file), True
    try:
        text = sys.stdin.read() if name == "stdin" else file.read_text(encoding="utf-8")
    except OSError as error:
        yield Unreadable(f"cannot read {name}: {error.strerror or error}")
        return
    except UnicodeDecodeError:
        yield Unreadable(f"cannot read {name}: it is no UTF-8 text")
        return
    for where, document in _documents(text, name, is_json=file.suffix == ".json"):
        for one in (document,) if isinstance(document, Unreadable) else _records_among(where, document):
            is_empty = False
            yield one
    if is_empty:
        yield Unreadable(f"{name} holds no record; examples/ has one for each common server")


def _records_among(where: str, document: Any) -> Iterator[Written | Unreadable]:
    several = isinstance(document, list)
    for position, record in enumerate(document if several else [document], start=1):
        place = f"{where}, item {position}" if several else where
        if isinstance(record, Mapping):
            yield Written(place, record)
        elif record is not None:
            yield Unreadable(f"{place}: this is no record, but {type(record).__name__}")


def _documents(text: str, name: str, *, is_json: bool) -> Iterator[tuple[str, Any]]:
    """Read each document by itself, so that one that is broken hides none of the others."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            document = json.loads(text, object_pairs_hook=_once_each)
        except (RecursionError, ValueError) as error:
            document = Unreadable(_json_complaint(error, name))
        # What is no JSON may still be YAML, unless it calls itself otherwise.
        if is_json or not isinstance(document, Unreadable):
            yield f"{name}, line 1", document
            return
    for first, part in _parts(text):
        where = f"{name}, line {first}"
        try:
            for document in yaml.load_all(part, Loader=_Loader):
                yield where, document
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            line, column, reason = _fault(error, part)
            yield where, Unreadable(f"{name}, line {first + line}, column {column + 1}: no valid YAML: {reason}")


def _once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in one map")
    return found


def _json_complaint(error: Exception, name: str) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{name}, line {error.lineno}, column {error.colno}: no valid JSON: {error.msg}"
    return f"{name}: no valid JSON: {error}"


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Cut a text where its documents begin, each with the number of its first line."""
    places = [0, *(found.start(found.lastindex or 0) for found in _BEGIN.finditer(text)), len(text)]
    for begin, end in pairwise(places):
        yield text.count("\n", 0, begin) + 1, text[begin:end]


def _fault(error: Exception, text: str) -> tuple[int, int, str]:
    """Say where in a text an error is, line and column from 0, and what it is."""
    match error:
        case yaml.MarkedYAMLError(problem_mark=yaml.Mark() as mark):
            return mark.line, mark.column, str(error.problem)
        case yaml.reader.ReaderError(position=int() as position):
            line = text.count("\n", 0, position)
            return line, position - text.rfind("\n", 0, position) - 1, f"#x{error.character:04x}: {error.reason}"
        case _:
            return 0, 0, str(error)
