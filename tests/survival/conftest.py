"""The programs in scripts/ that `make torture`, `kills` and `adversaries` run, as modules."""

import sys
from pathlib import Path

SCRIPTS = str(Path(__file__).parents[2] / "scripts")

# Not by importlib: the processes that a test starts have to find them by name too.
if SCRIPTS not in sys.path:
    sys.path.append(SCRIPTS)
