"""Runs `tlsaudit` and says where its CPU time went: one JSON object of stage to seconds.

    python stages.py RESULT ARGUMENT ...

A stage is a function of the package and what it calls, other stages left out.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

STAGES = {
    "reading (core)": ("tlsaudit._core", "read"),
    "table to pandas, derived columns": ("tlsaudit.schema", "from_arrow"),
    "findings": ("tlsaudit.findings", "find"),
    "clients": ("tlsaudit.inventory", "clients"),
    "forecast": ("tlsaudit.forecast", "forecast"),
    "CSV": ("tlsaudit.schema", "to_csv"),
    "JSON Lines": ("tlsaudit.schema", "to_jsonl"),
    "Parquet": ("tlsaudit.schema", "write_parquet"),
    "page with its figures": ("tlsaudit.reports.page", "page"),
}


def timed(
    function: Callable[..., Any], stage: str, spent: dict[str, float], within: list[float]
) -> Callable[..., Any]:
    """Give the function with its time added up, less that of stages called by it."""

    @wraps(function)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        begun = time.process_time()
        within.append(0.0)
        try:
            return function(*arguments, **named)
        finally:
            whole = time.process_time() - begun
            spent[stage] += whole - within.pop()
            within[-1] += whole

    return wrapper


def main() -> int:
    """Run the command; its exit code is not ours."""
    result, arguments = Path(sys.argv[1]), sys.argv[2:]
    spent = dict.fromkeys(STAGES, 0.0)
    within = [0.0]
    for stage, (module, name) in STAGES.items():
        place = importlib.import_module(module)
        setattr(place, name, timed(getattr(place, name), stage, spent, within))
    from tlsaudit.cli import command

    command.main(arguments, prog_name="tlsaudit", standalone_mode=False)
    everything = time.process_time()
    spent["start, imports and the rest"] = everything - sum(spent.values())
    result.write_text(json.dumps(spent), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
