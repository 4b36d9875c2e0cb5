"""Credentials that change while we run: the service account's token, and the authority that vouches for the API server.

Both are files that are replaced under a running process.
They are looked at before each request, which costs a ``stat``.
"""

from pathlib import Path

from gco_stream.shell.kubernetes_library import Configuration

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

Stamp = tuple[int, int, int]


class TokenFile:
    """Puts the token that a file has into the configuration, as its hook before each request.

    A file that cannot be read, or is empty, has no new one: the one we have is good for a while.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: Stamp | None = None
        self._token = ""

    def __call__(self, configuration: Configuration) -> None:
        """Renew the token."""
        stamp = stamp_of(self._path)
        if stamp is not None and stamp != self._stamp:
            try:
                self._token, self._stamp = self._path.read_text().strip() or self._token, stamp
            except (OSError, ValueError):
                return
        if self._token:
            configuration.api_key["BearerToken"] = f"Bearer {self._token}"


def stamp_of(path: Path) -> Stamp | None:
    """Return what tells one version of a file from the next; None if there is none to be read."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
