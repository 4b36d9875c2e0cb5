"""A pod's service account: its files, and ``python -m tests.e2e.in_a_pod run``, the controller that finds them there.

In a pod they are at a path that a test cannot have to itself. Source:
https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

FOLDER = "SERVICE_ACCOUNT_FOLDER"


class AccountFiles:
    """The files of a service account, all replaced at once as a kubelet does it: behind a link that is renamed."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._versions = folder, 0
        for name in ("token", "ca.crt"):
            (folder / name).symlink_to(Path("..data") / name)

    def put(self, token: str, authorities: str) -> None:
        """Replace what they have."""
        self._versions += 1
        version = self._folder / f"..{self._versions}"
        version.mkdir()
        (version / "token").write_text(token)
        (version / "ca.crt").write_text(authorities)
        link = self._folder / "..data_tmp"
        link.symlink_to(version.name)
        link.replace(self._folder / "..data")

    def environment(self, server: str) -> dict[str, str]:
        """The variables of a pod that has them, on an API server's cluster."""
        address = urlsplit(server)
        host, port = str(address.hostname), str(address.port)
        return {FOLDER: str(self._folder), "KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}


if __name__ == "__main__":
    from gco_stream.shell import credentials

    # Before anything else is imported that has it as its default.
    credentials.SERVICE_ACCOUNT = Path(os.environ[FOLDER])
    from gco_stream.__main__ import main

    main()
