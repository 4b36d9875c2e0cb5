"""The Dockerfile, followed by hand: no container engine is needed to see that its steps work and fit together."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction: its word, and the rest with its lines joined."""

    word: str
    rest: str


def stages() -> list[list[Step]]:
    """The steps of each stage, the first of each being FROM."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    steps = [Step(*line.split(maxsplit=1)) for line in joined.splitlines() if line]
    found: list[list[Step]] = []
    for step in steps:
        if step.word == "FROM":
            found.append([])
        found[-1].append(step)
    return found


def rest_of(steps: list[Step], word: str) -> list[str]:
    return [step.rest for step in steps if step.word == word]


def is_in_context(path: Path) -> bool:
    """Whether .dockerignore lets a file through: the last pattern that matches it or a folder above decides."""
    included = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!").removeprefix("**/")
        anywhere = "**/" in line
        above = [path, *path.parents][:-1]
        if any(fnmatch(entry.name if anywhere else str(entry), pattern) for entry in above):
            included = line.startswith("!")
    return included


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


def files_below(path: Path) -> list[Path]:
    return [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The first stage, built below a temporary folder."""
    made = Image(tmp_path_factory.mktemp("image"))
    build, _ = stages()
    assert rest_of(build, "WORKDIR") == ["/source"]
    for step in build:
        if step.word == "COPY":
            made.copy(step.rest)
        elif step.word == "RUN":
            made.run(step.rest)
    return made


def entry(image: Image) -> list[str]:
    """What the second stage starts, as far as its PATH and its COPY have brought it there."""
    _, final = stages()
    (copied,) = rest_of(final, "COPY")
    flag, source, target = copied.split()
    assert (flag, source) == ("--from=build", target)
    path = re.search(r"PATH=([^:\s]+):", " ".join(rest_of(final, "ENV")))
    (command,) = rest_of(final, "ENTRYPOINT")
    assert path is not None
    assert path[1].startswith(f"{target}/")
    return [f"{image.inside(path[1])}/{word}" for word in re.findall(r'"([^"]+)"', command)]


def test_both_stages_start_from_one_image_with_a_whole_version() -> None:
    bases = [rest_of(stage, "FROM")[0].split()[0] for stage in stages()]

    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases[0])


def test_it_runs_the_controller_and_not_as_root() -> None:
    _, final = stages()

    assert rest_of(final, "USER") == ["65532:65532"]
    assert rest_of(final, "CMD") == ['["run"]']
    assert rest_of(final, "HEALTHCHECK") == ["NONE"]


def test_everything_that_is_installed_from_an_index_is_checked_by_hash() -> None:
    installs = [part for stage in stages() for run in rest_of(stage, "RUN") for part in run.split("&&")]
    installs = [part for part in installs if " install " in part]

    assert len(installs) == 3
    assert all("--require-hashes" in part or "--no-index" in part for part in installs)


@pytest.mark.index
def test_what_is_built_starts_and_is_this_version(image: Image) -> None:
    done = subprocess.run([*entry(image), "--version"], capture_output=True, text=True, check=True)

    assert done.stdout == f"gco-stream {version('gco-stream')}\n"


@pytest.mark.index
def test_what_is_built_needs_nothing_but_its_settings_to_run(image: Image) -> None:
    done = subprocess.run([*entry(image), "run"], env={}, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "REGION is missing" in done.stderr


@pytest.mark.index
def test_what_is_built_holds_the_whole_package_with_its_bytecode_and_no_pip(image: Image) -> None:
    (packages,) = (image.folder / "opt/gco-stream/lib").glob("python3.11/site-packages")

    installed = {f.relative_to(packages) for f in (packages / "gco_stream").rglob("*.py")}
    compiled = {f.parents[1].relative_to(packages) / f"{f.name.split('.')[0]}.py" for f in packages.rglob("*.pyc")}
    assert installed == {f.relative_to(ROOT) for f in (ROOT / "gco_stream").rglob("*.py")}
    assert installed <= compiled
    assert not (packages / "pip").exists()
