"""What the API server's answers mean for what we do next.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gco_stream.errors import Conflict, Denied, GcoStreamError, Refused, Transient

# Server-side apply answers these with 500 although repeating them can never help: an unknown field, a value of the
# wrong type, two entries with one key, an amount that is none.
_LONGEST_WAIT_SECONDS = 60.0
_PERMANENT = ("failed to create typed patch object", "failed to convert new object")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of the API server, its body read.

    Attributes:
        doing: What was asked, for messages.
        retry_after: The header's value, or None.
    """

    doing: str
    code: int
    body: bytes
    retry_after: str | None


def says_absent(answer: Answer) -> bool:
    """Whether the API server itself says that there is no such object; a proxy's 404 says nothing about it."""
    return answer.code == 404 and _status(answer.body).get("reason") == "NotFound"


def error_of(answer: Answer) -> GcoStreamError:
    """Turn an answer that is no success into what it means for us."""
    status = _status(answer.body)
    message = f"{answer.doing}: {_message(status, answer)}"
    if answer.code == 409 or _is_another_object(status):
        return Conflict(message)
    if answer.code in (401, 403):
        return Denied(message)
    is_told = status.get("kind") == "Status"
    if is_told and (answer.code in (400, 422) or _is_permanent(status)):
        return Refused(_message(status, answer), reason=str(status.get("reason") or "Invalid"))
    return Transient(message, retry_after=_seconds(answer.retry_after))


def _status(body: bytes) -> Mapping[str, Any]:
    """Read the body as a ``Status``; a proxy between us and the server may have answered in plain text."""
    try:
        status = json.loads(body)
    except ValueError:
        return {}
    return status if isinstance(status, Mapping) else {}


def _is_permanent(status: Mapping[str, Any]) -> bool:
    return str(status.get("message", "")).startswith(_PERMANENT)


def _is_another_object(status: Mapping[str, Any]) -> bool:
    """Whether an apply carried the uid of an object that was replaced: answered by 422, as if it tried to change it."""
    return any(cause.get("field") == "metadata.uid" for cause in _causes(status))


def _message(status: Mapping[str, Any], answer: Answer) -> str:
    told = dict.fromkeys(_told(cause) for cause in _causes(status) if "field" in cause)
    text = "; ".join(told) or str(status.get("message") or "")
    return " ".join(text.split()) or f"HTTP {answer.code}"


def _causes(status: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    details = status.get("details")
    causes = details.get("causes") if isinstance(details, Mapping) else None
    return [cause for cause in causes if isinstance(cause, Mapping)] if isinstance(causes, list) else []


def _told(cause: Mapping[str, Any]) -> str:
    return f"{cause['field']}: {_short(str(cause.get('message') or cause.get('reason') or 'invalid'))}"


def _short(message: str) -> str:
    """Cut what the server adds for programmers: regular expressions and lists of everything that is supported."""
    return re.split(r"[;(]", message)[0].strip()


def _seconds(header: str | None) -> float | None:
    """Read ``Retry-After``, up to a minute; a date or nonsense counts as nothing said."""
    try:
        seconds = float(header or "nan")
    except ValueError:
        return None
    return min(max(0.0, seconds), _LONGEST_WAIT_SECONDS) if math.isfinite(seconds) else None
