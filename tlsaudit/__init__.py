"""Who on this network still uses TLS 1.0, TLS 1.1 or 3DES? Packet captures in, evidence out.

    import tlsaudit
    audit = tlsaudit.audit("dc01.pcapng")
    audit.clients
    audit.report("out/")

Importing this loads none of numpy, pandas, pyarrow and matplotlib; the first call does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tlsaudit.audit import Audit, audit
from tlsaudit.engines import read_handshakes
from tlsaudit.errors import (
    CaptureError,
    EngineError,
    ExplanationError,
    PolicyError,
    RecipeError,
    RemedyError,
    ReportError,
    SchemaError,
    TlsauditError,
)
from tlsaudit.explanations import Answer, Explanation, explain

if TYPE_CHECKING:
    __version__: str

__all__ = [
    "Answer",
    "Audit",
    "CaptureError",
    "EngineError",
    "Explanation",
    "ExplanationError",
    "PolicyError",
    "RecipeError",
    "RemedyError",
    "ReportError",
    "SchemaError",
    "TlsauditError",
    "__version__",
    "audit",
    "explain",
    "read_handshakes",
]


def __getattr__(name: str) -> str:
    """Ask the compiled core for the version, which has its one home there."""
    if name == "__version__":
        from tlsaudit._core import __version__

        return __version__
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
