"""What the Dockerfile says, as far as that can be read; `test_image.py` follows it."""

import re
from importlib.metadata import metadata

from tests.image.dockerfile import rest_of, stages


def labels() -> dict[str, str]:
    """The OCI labels by the last part of their names.

    Source: https://github.com/opencontainers/image-spec/blob/main/annotations.md
    """
    _, final = stages()
    return dict(re.findall(r'org\.opencontainers\.image\.([\w.]+)="([^"]*)"', " ".join(rest_of(final, "LABEL"))))


def test_both_stages_start_from_one_image_with_a_whole_version() -> None:
    bases = [rest_of(stage, "FROM")[0].split()[0] for stage in stages()]

    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases[0])


def test_it_runs_the_controller_without_a_shell_and_not_as_root() -> None:
    _, final = stages()

    assert rest_of(final, "USER") == ["65532:65532"]
    assert rest_of(final, "ENTRYPOINT") == ['["gco-stream"]']
    assert rest_of(final, "CMD") == ['["run"]']
    assert rest_of(final, "HEALTHCHECK") == ["NONE"]
    assert rest_of(final, "RUN") == []


def test_everything_that_is_installed_from_an_index_is_checked_by_hash_and_compiled_by_nobody_here() -> None:
    installs = [part for stage in stages() for run in rest_of(stage, "RUN") for part in run.split("&&")]
    installs = [part for part in installs if " install " in part]

    indexed = [part for part in installs if "--no-index" not in part]
    assert (len(installs), len(indexed)) == (3, 2)
    assert all("--require-hashes" in part and "--only-binary :all:" in part for part in indexed)


def test_its_labels_are_those_of_the_package() -> None:
    about, said = metadata("gco-stream"), labels()

    assert said["title"] == about["Name"]
    assert said["version"] == about["Version"]
    assert said["licenses"] == about["License-Expression"]
    assert about["Summary"].startswith(said["description"])
    assert said["base.name"] == rest_of(stages()[1], "FROM")[0]
    assert said["revision"] == "unknown"
