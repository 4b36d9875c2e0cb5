from pathlib import Path

import pytest

from tests.house import findings, missing_mirrors


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A small tree in good order."""
    write(tmp_path, "gco_stream/core/plan.py", "X = 1\n")
    write(tmp_path, "gco_stream/core/manifests/pod.py", "X = 1\n")
    write(tmp_path, "tests/core/test_plan.py", '@pytest.mark.behaviour("B16")\ndef test_it(): ...\n')
    write(tmp_path, "tests/core/manifests/test_pod.py", "")
    write(tmp_path, "docs/behaviour.md", "| number | what |\n|---|---|\n| B16 | see B99 |\n")
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def found_in(root: Path) -> list[str]:
    tracked = [str(path.relative_to(root)) for path in sorted(root.rglob("*")) if path.is_file()]
    return [str(finding) for finding in findings(root, tracked)]


def test_a_house_in_good_order_has_no_findings(house: Path) -> None:
    assert found_in(house) == []


@pytest.mark.parametrize("module", ["core/plan.py", "core/manifests/pod.py"])
def test_a_module_without_its_mirror_is_found(house: Path, module: str) -> None:
    folder, _, name = module.rpartition("/")
    (house / "tests" / folder / f"test_{name}").unlink()

    (finding,) = missing_mirrors(house)

    assert str(finding) == f"gco_stream/{module}:1: has no tests of its own: tests/{folder}/test_{name} is missing"


def test_a_behaviour_that_is_claimed_but_not_held_is_found(house: Path) -> None:
    write(house, "docs/behaviour.md", "| B16 | a |\n| B17, B18 | b |\n")

    assert found_in(house) == [
        "docs/behaviour.md:2: B17 is claimed, but no test is marked with it",
        "docs/behaviour.md:2: B18 is claimed, but no test is marked with it",
    ]


def test_a_behaviour_that_is_held_but_not_claimed_is_found(house: Path) -> None:
    write(house, "tests/test_more.py", '\n@pytest.mark.behaviour("B5")\ndef test_it(): ...\n')

    assert found_in(house) == ["tests/test_more.py:2: B5 is held here, but docs/behaviour.md does not say so"]


def test_a_hazard_of_the_stream_is_held_like_a_behaviour(house: Path) -> None:
    write(house, "docs/stream.md", "| H1 | a |\n| H2 | b |\n")
    write(house, "tests/test_more.py", '\n@pytest.mark.hazard("H2")\n@pytest.mark.hazard("H3")\ndef test_it(): ...\n')

    assert found_in(house) == [
        "docs/stream.md:1: H1 is claimed, but no test is marked with it",
        "tests/test_more.py:3: H3 is held here, but docs/stream.md does not say so",
    ]


@pytest.mark.parametrize("folder", ["gco_stream", "tests", "benchmarks"])
def test_a_file_that_is_too_long_is_found(house: Path, folder: str) -> None:
    write(house, f"{folder}/short.py", "X = 1\n" * 300)
    write(house, f"{folder}/long.py", "X = 1\n" * 301)

    assert found_in(house) == [f"{folder}/long.py:301: the file has 301 lines, more than 300"]


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_function_that_is_too_long_is_found(house: Path, kind: str) -> None:
    write(house, "gco_stream/a.py", f"{kind} short():\n" + "    x = 1\n" * 49)
    write(house, "gco_stream/b.py", f"\n{kind} long():\n" + "    x = 1\n" * 50)

    assert found_in(house) == ["gco_stream/b.py:2: long has 51 lines, more than 50"]


def test_a_host_of_a_package_registry_is_found_in_any_file(house: Path) -> None:
    host = ".".join(["pypi", "org"])
    write(house, "locks/run.txt", f"\n--index-url https://{host}/simple\n")
    write(house, "notes.txt", f"my{host} and {host}x are other names")

    assert found_in(house) == [f"locks/run.txt:2: names the package registry {host}"]
