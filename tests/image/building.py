"""The image's first stage, built by hand below a folder, and what its second stage starts from there."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.image.cell import Plan
from tests.image.dockerfile import ROOT, is_in_context, rest_of, stages

USER = 65532
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/ssl")
_SYSTEM = (*_LIBRARIES, "/dev/null", "/dev/urandom", "/proc")


@dataclass(frozen=True, slots=True)
class Image:
    """Where a stage's file system is; everything that the stage makes must be below /opt or /source."""

    folder: Path

    def inside(self, text: str) -> str:
        return re.sub(r"(?<![\w.])/(opt|source)\b", rf"{self.folder}/\1", text)

    def copy(self, rest: str) -> None:
        *sources, target = rest.split()
        for source in sources:
            files = [f for f in files_below(ROOT / source) if is_in_context(f.relative_to(ROOT))]
            assert files, f"{source} is not there, or .dockerignore leaves it out"
            for file in files:
                # A folder is copied by its content, a file into a folder by its name.
                inner = file.relative_to(ROOT / source) if (ROOT / source).is_dir() else file.name
                place = self.folder / "source" / target / inner
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)

    def run(self, rest: str) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        place = self.folder / "source"
        done = subprocess.run(
            ["sh", "-ec", self.inside(rest)], cwd=place, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the second stage sets, PATH as far as it is its own."""
        _, final = stages()
        pairs = [pair.split("=", 1) for pair in " ".join(rest_of(final, "ENV")).split()]
        return {name: self.inside(value.removesuffix(":$PATH")) for name, value in pairs}

    @property
    def entry(self) -> list[str]:
        """What the second stage starts, as far as its PATH and its COPY have brought it there."""
        _, final = stages()
        (copied,) = rest_of(final, "COPY")
        flag, source, target = copied.split()
        assert (flag, source) == ("--from=build", target)
        (command,) = rest_of(final, "ENTRYPOINT")
        assert self.environment["PATH"].startswith(self.inside(f"{target}/"))
        return [f"{self.environment['PATH']}/{word}" for word in re.findall(r'"([^"]+)"', command)]

    @property
    def python(self) -> str:
        """The interpreter of the environment that runs."""
        return f"{self.environment['PATH']}/python"

    def confined(
        self, root: Path, command: list[str], environment: Mapping[str, str], seen: Mapping[str, str] | None = None
    ) -> list[str]:
        """A command that runs another on what the image has, and on nothing else: see `tests.image.cell`.

        Args:
            seen: What it sees besides, by where it sees it.
        """
        plan = Plan(
            root=str(root),
            seen={path: path for path in (*_SYSTEM, *self._own()) if Path(path).exists()} | dict(seen or {}),
            user=USER,
            command=command,
            environment={**self.environment, **environment},
        )
        return [sys.executable, "-m", "tests.image.cell", plan.text()]

    def _own(self) -> list[str]:
        """The environment, and the interpreter with its library, which the base image would have."""
        path, found = Path(self.python), [str(self.folder / "opt/gco-stream")]
        while path.is_symlink():
            path = path.parent / path.readlink()
            found.append(str(path))
        below = [place for place in found[1:] if not place.startswith(found[0])]
        return [found[0], *below, str(path.parents[1] / "lib")]


def build(folder: Path) -> Image:
    """Follow the first stage."""
    made = Image(folder)
    first, _ = stages()
    assert rest_of(first, "WORKDIR") == ["/source"]
    for step in first:
        if step.word == "COPY":
            made.copy(step.rest)
        elif step.word == "RUN":
            made.run(step.rest)
    return made


def files_below(path: Path) -> list[Path]:
    return [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
