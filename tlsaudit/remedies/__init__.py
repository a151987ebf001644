"""Remedies: what to change on which stack, how to see that it worked, and what it cannot fix.

    remedy("dotnet-framework")

The texts and snippets are the TOML files of this folder, each with its sources; `markdown()` prints
docs/remedies.md from them.
"""

from tlsaudit.remedies.document import markdown
from tlsaudit.remedies.entries import Remedy, Snippet, remedies, remedy
from tlsaudit.remedies.text import remedy_text

__all__ = ["Remedy", "Snippet", "markdown", "remedies", "remedy", "remedy_text"]
