"""Pages lead to pages that are there, and every page is found from the first."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.house import tracked_files

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in tracked_files(ROOT) if name.endswith(".md")]


def links(page: Path) -> Iterator[tuple[Path, str]]:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield (page.parent / path).resolve() if path else page, anchor


def anchors(page: Path) -> set[str]:
    """Make a heading's anchor as GitHub does: https://docs.github.com/en/get-started/writing-on-github."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}#{anchor}"
        for page in PAGES
        for target, anchor in links(page)
        if not target.exists() or (anchor and anchor not in anchors(target))
    ]

    assert broken == []


def test_every_page_of_the_documentation_is_on_its_first_page() -> None:
    pages = {page for page in PAGES if page.parent == ROOT / "docs" and page.name != "README.md"}

    assert pages <= {target for target, _ in links(ROOT / "docs" / "README.md")}
