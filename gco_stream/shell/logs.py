"""Log lines: JSON objects with constant messages, and the facts as fields of their own."""

import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from gco_stream.settings import Settings

# Queries saved in the platform's log service look for this name.
SERVICE = "inference-monitor"

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class _Formatter(JsonFormatter):
    def __init__(self, constants: dict[str, str]) -> None:
        super().__init__("%(levelname)s %(name)s %(message)s", static_fields=constants, json_default=str)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        super().add_fields(log_data, record, message_dict)
        head = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": log_data.pop("levelname"),
            "logger": log_data.pop("name"),
        }
        rest = {**log_data}
        log_data.clear()
        log_data.update(head | rest)
        if record.exc_info:
            log_data.pop("exc_info", None)
            log_data["exception"] = describe_exception(record.exc_info)


def describe_exception(info: _ExcInfo) -> dict[str, str]:
    """Describe an exception as ``{type, message, traceback}``."""
    kind, error, _ = info
    return {
        "type": kind.__name__ if kind else "",
        "message": str(error),
        "traceback": "".join(traceback.format_exception(error)),
    }


class _TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")
        self._standard = logging.makeLogRecord({}).__dict__.keys() | {"message", "asctime"}

    def format(self, record: logging.LogRecord) -> str:
        # A value with a line break would begin a line of its own.
        facts = [
            f"{key}={' '.join(str(value).split())}"
            for key, value in record.__dict__.items()
            if key not in self._standard
        ]
        first, *rest = super().format(record).splitlines()
        return "\n".join([" ".join([first, *facts]), *rest])


def configure_logs(settings: Settings) -> None:
    """Send every log line to standard output in the form that the settings ask for."""
    handler = logging.StreamHandler(sys.stdout)
    constants = {"service": SERVICE, "cluster_id": settings.cluster_name, "region": settings.region}
    handler.setFormatter(_Formatter(constants) if settings.log_format == "json" else _TextFormatter())
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    # These write requests and bodies, with what they carry, on DEBUG.
    for chatty in ("aiobotocore", "botocore", "boto3", "kubernetes_asyncio", "asyncio", "aiohttp", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
