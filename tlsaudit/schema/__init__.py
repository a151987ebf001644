"""The tables: what their columns are called, what they mean, and how they become pandas or text.

Every engine gives the handshake table of `HANDSHAKES`; `from_arrow()` makes a DataFrame of it and
adds the columns of `DERIVED`. Absent is null, tested with `isna()`: there are no sentinel values.
"""

from tlsaudit.schema.apart import REFUSALS, SET_ASIDE
from tlsaudit.schema.changes import CHANGES, TREND
from tlsaudit.schema.column import SEVERITIES, Column
from tlsaudit.schema.coverage import COVERAGE
from tlsaudit.schema.derived import derive
from tlsaudit.schema.document import markdown
from tlsaudit.schema.events import EVENTS, SIGN_INS
from tlsaudit.schema.files import FILES
from tlsaudit.schema.frames import (
    arrow_rows,
    captures_frame,
    cast,
    check,
    conform,
    empty,
    from_arrow,
    from_rows,
    handshakes_table,
    read_parquet,
    read_parts,
    to_arrow,
    to_frame,
    write_parquet,
    write_part,
)
from tlsaudit.schema.handshakes import DERIVED, HANDSHAKE_KEY, HANDSHAKE_TABLE, HANDSHAKES
from tlsaudit.schema.names import NAMES
from tlsaudit.schema.results import CAPTURES, CLIENTS, FINDINGS
from tlsaudit.schema.stored import read_handshake_tables
from tlsaudit.schema.text import FORMULA_START, cells, to_csv, to_jsonl
from tlsaudit.schema.verdicts import BREAKING, ROLLUP, VERDICTS, VERDICTS_WORST_FIRST

__all__ = [
    "BREAKING",
    "CAPTURES",
    "CHANGES",
    "CLIENTS",
    "COVERAGE",
    "DERIVED",
    "EVENTS",
    "FILES",
    "FINDINGS",
    "FORMULA_START",
    "HANDSHAKES",
    "HANDSHAKE_KEY",
    "HANDSHAKE_TABLE",
    "NAMES",
    "REFUSALS",
    "ROLLUP",
    "SET_ASIDE",
    "SEVERITIES",
    "SIGN_INS",
    "TREND",
    "VERDICTS",
    "VERDICTS_WORST_FIRST",
    "Column",
    "arrow_rows",
    "captures_frame",
    "cast",
    "cells",
    "check",
    "conform",
    "derive",
    "empty",
    "from_arrow",
    "from_rows",
    "handshakes_table",
    "markdown",
    "read_handshake_tables",
    "read_parquet",
    "read_parts",
    "to_arrow",
    "to_csv",
    "to_frame",
    "to_jsonl",
    "write_parquet",
    "write_part",
]
