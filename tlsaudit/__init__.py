"""Who on this network still uses TLS 1.0, TLS 1.1 or 3DES? Packet captures in, evidence out.

    import tlsaudit
    audit = tlsaudit.audit("dc01.pcapng")
    audit.clients
    audit.report("out/")

Importing this loads none of numpy, pandas, pyarrow and matplotlib; the first call does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tlsaudit._core import __version__
    from tlsaudit.auditing import Audit, audit
    from tlsaudit.engines import read_handshakes
    from tlsaudit.errors import (
        CaptureError,
        ConfigurationError,
        EngineError,
        ExplanationError,
        ListError,
        PolicyError,
        RecipeError,
        RemedyError,
        ReportError,
        SchemaError,
        StoreError,
        TlsauditError,
    )
    from tlsaudit.explanations import Answer, Explanation, explain
    from tlsaudit.store import read_store

__all__ = [
    "Answer",
    "Audit",
    "CaptureError",
    "ConfigurationError",
    "EngineError",
    "Explanation",
    "ExplanationError",
    "ListError",
    "PolicyError",
    "RecipeError",
    "RemedyError",
    "ReportError",
    "SchemaError",
    "StoreError",
    "TlsauditError",
    "__version__",
    "audit",
    "explain",
    "read_handshakes",
    "read_store",
]

_HOMES = {
    "Answer": "tlsaudit.explanations",
    "Audit": "tlsaudit.auditing",
    "Explanation": "tlsaudit.explanations",
    "__version__": "tlsaudit._core",
    "audit": "tlsaudit.auditing",
    "explain": "tlsaudit.explanations",
    "read_handshakes": "tlsaudit.engines",
    "read_store": "tlsaudit.store",
}
"""Where the names are; all others are errors."""


def __getattr__(name: str) -> Any:
    """Import a name from its home when it is first asked for: the command needs few of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES.get(name, "tlsaudit.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Give the public names, imported or not."""
    return sorted({*globals(), *__all__})
