"""The options of `tlsaudit batch` as a file in TOML, for cron and systemd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tlsaudit.errors import ConfigurationError
from tlsaudit.rings import Rings

__all__ = ["Settings", "read_settings"]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a run is to do. The names are those of the options."""

    sources: tuple[str, ...] = ()
    store: str | None = None
    jobs: int | None = None
    rings: Rings = "auto"
    settle: float = 0
    report: str | None = None
    policy: str = "entra"

    def with_options(self, **options: Any) -> Settings:
        """Give these settings with what was given on the command line in their place."""
        given = {name: value for name, value in options.items() if value not in (None, ())}
        return msgspec.structs.replace(self, **given)


def read_settings(path: str) -> Settings:
    """Read a file of settings; paths in it are relative to its folder.

    Raises ConfigurationError, naming the file and the field, for one that is missing or wrong.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        settings = msgspec.toml.decode(text, type=Settings)
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: there is no such file") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: the file is not UTF-8 text") from None
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$.")
        field = f"{place.removesuffix('`')}: " if place else ""
        raise ConfigurationError(f"{path}: {field}{message}") from None
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{path}: not TOML: {error}") from None
    if settings.jobs is not None and settings.jobs < 1:
        raise ConfigurationError(f"{path}: jobs: {settings.jobs} is not a number of captures")
    if settings.settle < 0:
        raise ConfigurationError(f"{path}: settle: {settings.settle} is not a time in seconds")
    base = Path(path).resolve().parent
    shipped_or_path = settings.policy if "/" not in settings.policy else base / settings.policy
    return msgspec.structs.replace(
        settings,
        sources=tuple(str(base / each) for each in settings.sources),
        store=None if settings.store is None else str(base / settings.store),
        report=None if settings.report is None else str(base / settings.report),
        policy=str(shipped_or_path),
    )
