"""The command: what holds for every subcommand. Each of them is a file in `commands`.

Standard output is data; everything else goes to standard error. Exit codes: 0 done (`check`:
clean; `verify`: the engines agree), 1 `check` or `verify` found something, 2 nothing could be done,
3 done, but some inputs could not be read or not to their end (`explain`: some codes are not known),
130 interrupted.
"""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from tlsaudit.commands.running import DONE, NOTHING_DONE, NothingReadError, drop_output, say
from tlsaudit.errors import ReportError, TlsauditError

__all__ = ["command", "main", "markdown"]

INTERRUPTED = 130

_EXIT_CODES = """\b
Exit codes:
  0    done; for check: clean; for verify: the engines agree; for capture
       --check: good enough
  1    check, verify or capture --check found something
  2    nothing could be done: a mistake in the command, or no input could be read,
       not even a frame of it; for check: there was nothing to judge
  3    done, but some inputs could not be read, or not to their end; for explain:
       some codes are not known
  130  interrupted"""


class _InterruptedError(Exception):
    """The user pressed Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and leave with its exit code."""
    # What is left then goes with the process: nothing is gained by searching it for garbage.
    atexit.register(gc.freeze)
    try:
        code = command.main(args=arguments, prog_name="tlsaudit", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = NOTHING_DONE
    except NothingReadError:
        code = NOTHING_DONE
    except TlsauditError as error:
        say(str(error))
        code = NOTHING_DONE
    except (_InterruptedError, KeyboardInterrupt):
        say("interrupted")
        code = INTERRUPTED
    except BrokenPipeError:
        code = drop_output(DONE)
    sys.exit(code)


def _version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from tlsaudit._core import __version__

        click.echo(f"tlsaudit {__version__}")
        context.exit()


_COMMANDS = {
    "report": "report",
    "forecast": "forecast",
    "check": "check",
    "handshakes": "tables",
    "clients": "tables",
    "findings": "tables",
    "refusals": "tables",
    "set-aside": "tables",
    "export": "export",
    "evidence": "evidence",
    "convert": "convert",
    "names": "tables",
    "explain": "explain",
    "capture": "capture",
    "remedy": "remedy",
    "batch": "batch",
    "diff": "diff",
    "verify": "verify",
}
"""In which module of `tlsaudit.commands` each command is: the main job first."""


class _Commands(click.Group):
    """The commands, each imported when it is asked for: the others' imports take time too."""

    def invoke(self, ctx: click.Context) -> Any:
        # click would say more than a line about an interrupt, and fail on a closed pipe.
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _InterruptedError from None
        except BrokenPipeError:
            return drop_output(DONE)
        except OSError as error:
            drop_output(NOTHING_DONE)
            raise ReportError(
                f"standard output: cannot be written ({error.strerror or error})"
            ) from None

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module = import_module(f"tlsaudit.commands.{_COMMANDS[name]}")
        found: click.Command = getattr(module, name.replace("-", "_"))
        return found


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 92},
    epilog=_EXIT_CODES,
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version and leave.",
)
def command() -> None:
    """Find out from packet captures who still uses TLS 1.0, TLS 1.1 or 3DES.

    Nothing is sent, and nothing is looked up: what is reported is what was captured.
    """


def markdown() -> str:
    """Give the text of docs/cli.md: the help of every command, 80 columns wide."""
    settings = {**command.context_settings, "terminal_width": 80}
    top = click.Context(command, info_name="tlsaudit", **settings)
    head = (
        "# The command\n\n"
        "Generated from `tlsaudit --help` by `python scripts/generate_docs.py`; do not edit.\n\n"
        "Standard output is data; messages, and a progress bar on a terminal, go to standard "
        "error.\n[columns.md](columns.md) describes every column, [rules.md](rules.md) every rule "
        "and policy,\n[errors.md](errors.md) every error that `explain` knows.\n"
    )
    parts = [
        head,
        f"## tlsaudit\n\n```text\n{command.get_help(top)}\n```\n",
    ]
    for name in command.list_commands(top):
        each = command.get_command(top, name)
        assert each is not None, f"{name} is listed"
        context = click.Context(each, info_name=name, parent=top, **settings)
        parts.append(f"## tlsaudit {name}\n\n```text\n{each.get_help(context)}\n```\n")
    return "\n".join(parts)
