"""Makes the samples, their expected tables, the manifest and the README.

    python samples/makers/make_all.py                 everything (needs root, tshark, ...)
    python samples/makers/make_all.py --only ID ...   these samples, then the texts
    python samples/makers/make_all.py --texts         expected tables, manifest and README only
    python samples/makers/make_all.py --check         whether all of it is fresh; changes nothing

Crafted captures come out the same, byte for byte, every time. Captured ones do not.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from types import ModuleType

import byte_reader
import lab
import texts
from sample import Sample

CAPTURED = (
    "captured_chat",
    "captured_databases",
    "captured_directory",
    "captured_desktop",
    "captured_dtls",
    "captured_eap",
    "captured_files",
    "captured_gnutls",
    "captured_mail",
    "captured_network",
    "captured_openssl",
    "captured_printing",
    "captured_proxies",
    "captured_quic",
    "captured_refusals",
    "captured_scenarios",
    "captured_stacks",
    "captured_tlslite",
    "captured_tunnels",
)
CRAFTED = (
    "crafted_formats",
    "crafted_hellos",
    "crafted_imitations",
    "crafted_network",
    "crafted_segments",
    "crafted_tunnels",
    "crafted_windows",
)
OFFICE = ("office",)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="+", metavar="ID", help="make these samples only")
    parser.add_argument("--texts", action="store_true", help="make no capture, only the texts")
    parser.add_argument("--check", action="store_true", help="say what is stale, change nothing")
    arguments = parser.parse_args()
    modules = {name: importlib.import_module(name) for name in (*CAPTURED, *CRAFTED, *OFFICE)}
    samples = [(s, f"makers/{name}.py") for name, m in modules.items() for s in samples_of(m)]
    samples.sort(key=lambda pair: pair[0].id)
    wanted = set(arguments.only or (sample.id for sample, _ in samples))
    if unknown := wanted - {sample.id for sample, _ in samples}:
        parser.error(f"no such sample: {', '.join(sorted(unknown))}")
    if arguments.check:
        stale = [*texts.stale(samples), *byte_reader.problems((), print)]
        print("\n".join(stale) if stale else "samples are fresh")
        return 1 if stale else 0
    if not arguments.texts:
        for module in modules.values():
            make(module, wanted)
    texts.write(samples, wanted)
    return 0


def samples_of(module: ModuleType) -> list[Sample]:
    """The samples that a maker module declares."""
    return [recipe.sample for recipe in module.RECIPES]


def make(module: ModuleType, wanted: set[str]) -> None:
    """Has one module make those of its samples that are wanted."""
    recipes = [recipe for recipe in module.RECIPES if recipe.sample.id in wanted]
    if recipes:
        print(f"{module.__name__}: {', '.join(r.sample.id for r in recipes)}", flush=True)
        getattr(module, "make", lab.make)(recipes)


if __name__ == "__main__":
    sys.exit(main())
