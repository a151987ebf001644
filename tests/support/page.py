"""The data in a page, as its script reads it."""

from __future__ import annotations

import json
from typing import Any


def data_of(made: str, name: str) -> dict[str, Any]:
    """The data of one listing, as the script reads it."""
    box = made.split(f'data-listing="{name}"')[1]
    found: dict[str, Any] = json.loads(
        box.split('<script type="application/json">')[1].split("</script>")[0]
    )
    return found


def table_of(made: str, name: str) -> list[dict[Any, Any]]:
    """The rows of one listing, put together as the script does it."""
    data = data_of(made, name)
    rows: list[dict[Any, Any]] = []
    first = data["columns"][0]
    for place in range(len(first.get("cells", first.get("numbers")))):
        row: dict[Any, Any] = {key: each[place] for key, each in data.get("more", {}).items()}
        for column in data["columns"]:
            title = column["title"]
            if "numbers" in column:
                row[title] = column["numbers"][place]
                continue
            row[title] = column["values"][column["cells"][place]]
            if "below" in column:
                row[title, "below"] = column["parts"][column["below"][place]]
        rows.append(row)
    return rows


def words_of(made: str) -> dict[str, str | None]:
    """The captures by name, as a shell takes them."""
    found: dict[str, str | None] = json.loads(
        made.split('id="capture-words">')[1].split("</script>", maxsplit=1)[0]
    )
    return found
