"""`docs/events.md`, printed from the table of events and the rules by which they are tied."""

from __future__ import annotations

from tlsaudit.events.evidence import COMPARED
from tlsaudit.events.matching import NEAR
from tlsaudit.events.meanings import KINDS

__all__ = ["markdown"]

_HEAD = """\
# Events of Windows

Generated from `tlsaudit/events/` by `python scripts/generate_docs.py`; do not edit.

Schannel, the TLS of Windows, logs what it does in the System log, without addresses. A capture has
the addresses, and mostly not the programs. Together they say which program it was:

```console
$ tlsaudit report dc01.pcapng --events dc01.evtx --hosts hosts.txt -o report/
```

In the library: `tlsaudit.audit("dc01.pcapng", events=["dc01.evtx"], hosts="hosts.txt").events`. The
table is told in [columns.md](columns.md#events); `tlsaudit export … --table events -o events.csv`
writes it alone.

## Switching the log on

Out of the box Windows logs errors alone. For completed handshakes (36880) as well, in an elevated
prompt on the machine itself:

```bat
reg add HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL ^
  /v EventLogging /t REG_DWORD /d 7 /f
```

The value adds up 1 for errors, 2 for warnings and 4 for what went well. Whether a restart is needed
depends on the version of Windows; with one it holds everywhere. Set it back to 1 afterwards: a
busy server logs an event for each handshake.

## Exporting it

```bat
wevtutil epl System dc01.evtx /q:"*[System[Provider[@Name='Schannel']]]"
wevtutil qe System /q:"*[System[Provider[@Name='Schannel']]]" /f:xml > dc01.xml
```

Reading `.evtx` needs `pip install 'tlsaudit[events]'`; the XML needs nothing. The XML may have a
root element or none, be UTF-8 or UTF-16, and hold events of others, which are left out. Filter on
the provider, never on the level: the levels changed between versions of Windows.

## Which computer

An event names its computer, and no address. The address is the one that
[the table of names](names.md) gives that name: a file of yours (`--hosts`, a line such as
`192.0.2.10 pc7.corp.example`) first, then what packets beside TLS say. An address counts where its
best source gives it that name, whole or as first label; of what machines say of themselves it must
be the only name, or the address stands for several machines. If nobody says which address the
computer has, none is guessed: the event is `no-host`. `host` and `host_why` tell what was decided.

## How an event is tied to a handshake

It is compared with the handshakes of its computer whose first frame is within {seconds} seconds.
Ruled out is what contradicts it: the other side, another process, another alert or the other
direction, another version, suite or server name, a handshake that did not end so. Of those that
are left the one with the strongest reason is meant:

| reason | what agrees |
|---|---|
| `process` | number and name of the process; `client_process_basis` says how sure the capture is |
| `alert` | the alert of the event is on the wire, in the direction of the event |
| `name` | server name, version and cipher suite |
| `time` | what the event needs happened at that time, and nothing else there could be meant |

If two handshakes have the same reasons the event is tied to neither (`several-connections`), and if
two events of one kind fit one handshake, neither event is (`several-events`).

## The events

| number | what it says | what ties it |
|---|---|---|
"""

_TAIL = """
The caller's process is there from Windows 11 21H2 and Windows Server 2022 on, and never in 36880.
The process in the event's own head is LSASS, whoever called. Events without an entry in the last
column are listed with their process, and not compared. Known hints behind `probably` are of the
pairs of alert and internal state that have been seen with one cause; Schannel's states are its own.

## What the capture missed

Events of a time at which something was captured and that no handshake fits (`no-connection`), and
attempts that ended before anything was sent (`never-sent`), are shown by themselves in the report.
The former went another way than past the capture, or took longer than {seconds} seconds to fail.

## What a tie does not prove

- The clocks must agree. They do where the capture was made on the machine itself; the recorder at a
  mirror port may be seconds off, and then nothing fits, or the wrong thing does.
- Not all programs use Schannel: browsers but for old ones, Java, OpenSSL and Go log nothing here.
- A process that was told by the thread that sent the first packet is likely, not certain.
- `svchost` stands for many services; the event does not say which.
- `time` alone is a coincidence of two seconds. It says: look there first.
- An alert in TLS 1.3 is encrypted. The event is then `unclear` unless the process decides.
- 36887 and 36888 are logged for any fatal alert, also those of strangers who scan ports.
"""


def markdown() -> str:
    """Give the text of `docs/events.md`."""
    seconds = str(NEAR // 1_000_000_000)
    rows = [
        f"| {number} | {kind.says} | {kind.tied_by if number in COMPARED else ''} |\n"
        for number, kind in sorted(KINDS.items())
    ]
    return (_HEAD + "".join(rows) + _TAIL).replace("{seconds}", seconds)
