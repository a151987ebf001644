"""Runs one command and prints what it took, as JSON.

    python -I -S launch.py OUTPUT ERRORS COMMAND ...

A process of its own, because the peak memory that the kernel reports of a child begins with that
of its parent: what is below some 10 MB (this interpreter) cannot be told.
"""

import json
import os
import sys
import time


def main() -> int:
    """Run it with its output to the files; give its exit code if it failed."""
    output, complaints, command = sys.argv[1], sys.argv[2], sys.argv[3:]
    with open(output, "wb") as file, open(complaints, "wb") as errors:
        begun = time.perf_counter()
        process = os.posix_spawnp(
            command[0],
            command,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, file.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, errors.fileno(), 2),
            ],
        )
        _, status, usage = os.wait4(process, 0)
        wall = time.perf_counter() - begun
    result = {
        "code": os.waitstatus_to_exitcode(status),
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * 1024,
    }
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
