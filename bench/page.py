"""The report page over 50,000 clients in Chromium: how soon it opens, and how soon it answers.

    python bench/page.py [CLIENTS]      50,000 if none are given

The table is that of `forecast.py` with four handshakes for each client. Every round opens the page
in a window of its own. "Opens" is the time from asking for the file to the first frame behind its
`load` event; of the rest it is the time from an event to the first frame behind it. Medians of five
rounds, and the worst; `work` is the processor time of the page's thread meanwhile, which does not
count what other programs do.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from forecast import table
from playwright.sync_api import sync_playwright

from tlsaudit import Audit, schema
from tlsaudit.findings import load_policy

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession

CLIENTS = 50_000
HANDSHAKES_PER_CLIENT = 4
ROUNDS = 5

SHOWN = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
OPENED = f"""async () => {{
    await ({SHOWN})();
    return performance.now();
}}"""
# What is done, and then the next frame.
ACT = f"""async ([selector, event, value]) => {{
    const field = document.querySelector(selector);
    await ({SHOWN})();
    const begun = performance.now();
    if (typeof value === "number") field.selectedIndex = value;
    else if (value !== null) field.value = value;
    field.dispatchEvent(new Event(event, {{ bubbles: true }}));
    await ({SHOWN})();
    const status = field.closest("section").querySelector("[role=status]");
    return [performance.now() - begun, status.textContent];
}}"""

# In turn: what each does, the field, the event, what is put into it or which choice is made.
ACTS: tuple[tuple[str, str, str, str | int | None], ...] = (
    ("clients: search for part of an address", "#clients-search", "input", "10.0.7."),
    ("clients: search for two words", "#clients-search", "input", "10.0 tls"),
    ("clients: search for what is in no row", "#clients-search", "input", "nobody is called this"),
    ("clients: search for nothing", "#clients-search", "input", ""),
    ("clients: filter", "#clients select", "change", 1),
    ("clients: filter taken back", "#clients select", "change", 0),
    ("clients: sort by a text", "#clients th:nth-child(2) button", "click", None),
    ("verdicts: search for a name", "#verdicts-search", "input", "host-17"),
    ("verdicts: search for nothing", "#verdicts-search", "input", ""),
    ("verdicts: filter", "#verdicts select", "change", 1),
)


def made(clients: int, folder: Path) -> Path:
    """Write the report of so many clients."""
    handshakes = table(clients * HANDSHAKES_PER_CLIENT, clients)
    counts = {
        each.name: 0
        for each in schema.CAPTURES
        if not each.nullable and each.arrow.startswith("uint")
    }
    names = sorted(set(handshakes["capture"]))
    captures = [counts | {"capture": name, "readable": True} for name in names]
    audit = Audit(handshakes, schema.captures_frame(captures), load_policy("bcp195"))
    seconds = time.perf_counter()
    page = audit.report(folder)
    seconds = time.perf_counter() - seconds
    sys.stdout.write(
        f"{len(audit.clients):,} clients, {len(audit.verdicts):,} verdicts: a page of "
        f"{page.stat().st_size / 1e6:.1f} MB, written in {seconds:.1f} s\n"
    )
    sys.stdout.flush()
    return page


def one_round(browser: Browser, path: Path) -> dict[str, tuple[float, float]]:
    """Open the page once and do everything; of each the milliseconds, and those of them worked."""
    window = browser.new_context(viewport={"width": 1280, "height": 900})
    page = window.new_page()
    meter = window.new_cdp_session(page)
    meter.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(path.as_uri(), wait_until="load")
    times = {"opens": (float(page.evaluate(OPENED)), worked(meter))}
    for name, *what in ACTS:
        before = worked(meter)
        passed, status = page.evaluate(ACT, what)
        times[f"{name}: {status}"] = (float(passed), worked(meter) - before)
    window.close()
    return times


def worked(meter: CDPSession) -> float:
    """Give the milliseconds of processor time of the page's thread so far."""
    metrics = {
        each["name"]: each["value"] for each in meter.send("Performance.getMetrics")["metrics"]
    }
    return float(metrics["TaskDuration"]) * 1000


def main() -> int:
    """Make the page, measure it, and print a line for each thing done; the exit code."""
    program = shutil.which("chromium")
    if program is None:
        sys.stderr.write("chromium is not installed: install it\n")
        return 1
    clients = int(sys.argv[1]) if len(sys.argv) > 1 else CLIENTS
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = made(clients, Path(folder)).resolve()
        browser = playwright.chromium.launch(executable_path=program, chromium_sandbox=False)
        sys.stdout.write(f"Chromium {browser.version}, milliseconds\n")
        sys.stdout.write("  median   worst    work\n")
        rounds = [one_round(browser, path) for _ in range(ROUNDS)]
        browser.close()
    for name in rounds[0]:
        times = [each[name][0] for each in rounds]
        work = [each[name][1] for each in rounds]
        figures = (
            f"{statistics.median(times):6.0f} {max(times):8.0f} {statistics.median(work):8.0f}"
        )
        sys.stdout.write(f"{figures}  {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
