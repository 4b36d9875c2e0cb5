"""Records in files: JSON or YAML, one or several."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from gco_stream.cli.telling import wrong_usage


class _Loader(yaml.SafeLoader):
    """Leaves times as the strings that they are in a record."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def records_in(file: Path) -> Sequence[Mapping[str, Any]]:
    """Read the records of a file; ``-`` stands for stdin.

    A file may hold a record, a list of them, or several YAML documents of either.

    Raises:
        Unable: It cannot be read, or is neither JSON nor YAML, or holds something else.
    """
    found = [
        record
        for document in _documents(_text_of(file), file)
        for record in (document if isinstance(document, list) else [document])
        if record is not None
    ]
    for position, record in enumerate(found, start=1):
        if not isinstance(record, Mapping):
            raise wrong_usage(f"{file}: document {position} is no record, but {type(record).__name__}")
    if not found:
        raise wrong_usage(f"{file} holds no record", hint="examples/ has one for each common server")
    return found


def _text_of(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise wrong_usage(f"cannot read {file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise wrong_usage(f"cannot read {file}: it is no UTF-8 text") from error


def _documents(text: str, file: Path) -> list[Any]:
    if text.lstrip()[:1] in ("{", "["):
        try:
            return [json.loads(text)]
        except json.JSONDecodeError as error:
            if file.suffix == ".json":
                where = f"{file}, line {error.lineno}, column {error.colno}"
                raise wrong_usage(f"{where}: no valid JSON: {error.msg}") from error
        except (RecursionError, ValueError) as error:
            raise wrong_usage(f"{file}: no valid JSON: {error}") from error
    return _yaml_documents(text, file)


def _yaml_documents(text: str, file: Path) -> list[Any]:
    try:
        return list(yaml.load_all(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{file}, line {mark.line + 1}, column {mark.column + 1}" if mark is not None else str(file)
        raise wrong_usage(f"{where}: no valid YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise wrong_usage(f"{file}: no valid YAML: {error}") from error
