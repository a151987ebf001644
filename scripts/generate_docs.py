"""Write the pages of `docs/` that are printed from the code.

    python scripts/generate_docs.py            write them
    python scripts/generate_docs.py --check    write nothing; exit code 1 if one is not fresh

The tests run it with `--check`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The script documents the code beside it, not an installed one.
sys.path.insert(0, str(ROOT))

from tlsaudit import cli, findings, naming, remedies, schema  # noqa: E402
from tlsaudit.capturing import document as capturing  # noqa: E402
from tlsaudit.engines import document as engines  # noqa: E402
from tlsaudit.events import document as events  # noqa: E402
from tlsaudit.explanations import document as explanations  # noqa: E402
from tlsaudit.schema import carriers  # noqa: E402

PAGES = {
    "docs/capturing.md": capturing.markdown,
    "docs/carriers.md": carriers.markdown,
    "docs/cli.md": cli.markdown,
    "docs/columns.md": schema.markdown,
    "docs/engines.md": engines.markdown,
    "docs/errors.md": explanations.markdown,
    "docs/events.md": events.markdown,
    "docs/names.md": naming.markdown,
    "docs/remedies.md": remedies.markdown,
    "docs/rules.md": findings.markdown,
}


def main() -> int:
    """Write or check the pages; the exit code."""
    parser = argparse.ArgumentParser(description="Write the generated pages of docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if one is not fresh")
    check = parser.parse_args().check
    stale = 0
    for name, text_of in PAGES.items():
        page = ROOT / name
        text = text_of()
        if page.is_file() and page.read_text(encoding="utf-8") == text:
            continue
        if check:
            print(f"{name} is not fresh: run python scripts/generate_docs.py", file=sys.stderr)
            stale = 1
        else:
            page.parent.mkdir(exist_ok=True)
            page.write_text(text, encoding="utf-8", newline="")
            print(f"wrote {name}", file=sys.stderr)
    return stale


if __name__ == "__main__":
    sys.exit(main())
