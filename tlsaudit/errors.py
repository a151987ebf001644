"""What tlsaudit raises.

    TlsauditError           anything below; its text is one sentence for a person
    ├── CaptureError        no input could be read
    ├── ConfigurationError  a file of settings is missing or malformed
    ├── EngineError         an engine needs something that is not installed, or failed
    ├── ExplanationError    a text on an error code is malformed
    ├── ListError           a file of names or events that the user gives cannot be used
    ├── PolicyError         a policy is missing, malformed or contradicts itself
    ├── RecipeError         a capture program cannot do what is asked of it
    ├── RemedyError         a remedy is not known, or its text is malformed
    ├── SchemaError         a table has not the columns or types that it should have
    ├── StoreError          a store is missing, of another format, locked, or cannot be written
    └── ReportError         a report or a table could not be written

A single bad capture among good ones raises nothing: it is a row of the captures table.
"""

from __future__ import annotations

__all__ = [
    "CaptureError",
    "ConfigurationError",
    "EngineError",
    "ExplanationError",
    "ListError",
    "PolicyError",
    "RecipeError",
    "RemedyError",
    "ReportError",
    "SchemaError",
    "StoreError",
    "TlsauditError",
]


class TlsauditError(Exception):
    """Something that tlsaudit could not do, said in one sentence."""


class CaptureError(TlsauditError):
    """No input could be read; the sentence says why for each, up to a few."""


class ConfigurationError(TlsauditError):
    """A file of settings is missing or malformed: the sentence names file and field."""


class EngineError(TlsauditError):
    """An engine needs something that is not installed, or failed; the sentence says what to do."""


class ExplanationError(TlsauditError):
    """A text on an error code is malformed: the sentence names file, entry and field."""


class ListError(TlsauditError):
    """A file of names or events that the user gives cannot be used; the sentence names it."""


class PolicyError(TlsauditError):
    """A policy is missing, malformed or contradicts itself."""


class RecipeError(TlsauditError):
    """A capture program cannot do what is asked of it; the sentence says what it can."""


class RemedyError(TlsauditError):
    """A remedy is not known, or its text is malformed."""


class SchemaError(TlsauditError):
    """A table has not the columns or types that `tlsaudit.schema` defines."""


class StoreError(TlsauditError):
    """A store is missing, of another format, being written to, or cannot be written."""


class ReportError(TlsauditError):
    """A report or a table could not be written."""
