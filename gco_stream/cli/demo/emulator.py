"""DynamoDB on this machine: moto's server in a thread of this process.

It differs from the service in ways that the controller bears: there is one shard, which never closes, and a write that
changes nothing makes a record of the stream, too.
"""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection

from moto.server import ThreadedMotoServer

_RESET_SECONDS = 5.0
CREDENTIAL = "demo"
"""Key id and secret alike; the emulator takes any, but the SDKs insist on having one."""


@contextmanager
def emulated_dynamodb() -> Iterator[str]:
    """Serve tables and their streams until the end of the block; the value is the address of both."""
    # It would tell of every request on stderr.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        try:
            yield f"http://{host}:{port}"
        finally:
            _forget_everything(host, port)
    finally:
        server.stop()


def _forget_everything(host: str, port: int) -> None:
    """Empty the emulator: what it holds is this process's, and would be there again in another one."""
    with closing(HTTPConnection(host, port, timeout=_RESET_SECONDS)) as connection:
        connection.request("POST", "/moto-api/reset")
        connection.getresponse().read()
