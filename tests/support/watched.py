"""What a page does in a browser that a page from disk should not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Dialog, Page


@dataclass
class Seen:
    """The addresses a page asked for, and whatever went wrong in it."""

    addresses: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def watch(page: Page) -> Seen:
    """Begin to watch a page."""
    seen = Seen()

    def console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            seen.complaints.append(f"console: {message.text}")

    def dialog(shown: Dialog) -> None:
        seen.complaints.append(f"dialog: {shown.message}")
        shown.dismiss()

    page.on("console", console)
    page.on("dialog", dialog)
    page.on("pageerror", lambda error: seen.complaints.append(f"error: {error.message}"))
    page.on("request", lambda each: seen.addresses.append(each.url.partition("#")[0]))
    page.on("requestfailed", lambda each: seen.complaints.append(f"failed: {each.url}"))
    return seen
