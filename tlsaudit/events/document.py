"""`docs/events.md`, printed from the table of events and the rules by which they are tied."""

from __future__ import annotations

from tlsaudit.events.evidence import COMPARED
from tlsaudit.events.matching import NEAR
from tlsaudit.events.meanings import KINDS
from tlsaudit.events.sign_in_matching import CLOCKS, KEPT_OPEN

__all__ = ["markdown"]

_HEAD = """\
# Events of Windows, and sign-ins to Entra

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

## Sign-ins to Entra

Entra marks a sign-in over an old TLS in its log, under authenticationProcessingDetails, as
`Legacy TLS (TLS 1.0, 1.1, 3DES)`. The log says who signed in, to what and from which public
address; the capture says which machine that is inside:

```console
$ tlsaudit report gateway.pcapng --sign-ins signins.json -o report/
```

In the library: `tlsaudit.audit("gateway.pcapng", sign_ins="signins.json").sign_ins`. Read are the
portal's download as JSON (Entra ID, Sign-in logs, Download), answers of Microsoft Graph, what
diagnostic settings send to a storage account or an event hub, and results of Log Analytics as
JSON. The portal's CSV lacks the mark. For Graph, with the right AuditLog.Read.All:

```powershell
$mark = "x/key eq 'legacy tls (tls 1.0, 1.1, 3des)' and x/value eq '1'"
$url = "https://graph.microsoft.com/beta/auditLogs/signIns?`$filter=" +
    "createdDateTime ge 2026-03-02 and authenticationProcessingDetails/any(x: $mark)"
Invoke-MgGraphRequest -Uri $url -OutputFilePath signins.json
```

Sign-ins of services and those without a person are other lists of the same log (signInEventTypes).
A long answer comes in pages; several files may be given.

A sign-in is compared with the handshakes to the sign-in names of the policy `entra` that
negotiated less than TLS 1.2, or 3DES, from {open} seconds before it (programs keep connections
open) to {clocks} seconds after (clocks differ). Where the hello names no server, an answer of DNS
to this client stands in.

| reason | what agrees |
|---|---|
| `address` | time and server name, and Entra saw the client's own address |
| `time` | time and server name; the address could not help, since there is a translation \
between or the log has none, and no other handshake there could be meant |

A client with a public address is ruled out where Entra saw another one. Several handshakes of one
client leave the handshake open and tell the client. Several clients leave all open: then a capture
nearer to the clients, or a quieter hour, tells more. With `time` alone another client that was not
captured may have been meant.
"""


def markdown() -> str:
    """Give the text of `docs/events.md`."""
    rows = [
        f"| {number} | {kind.says} | {kind.tied_by if number in COMPARED else ''} |\n"
        for number, kind in sorted(KINDS.items())
    ]
    text = _HEAD + "".join(rows) + _TAIL
    for name, nanoseconds in (("seconds", NEAR), ("open", KEPT_OPEN), ("clocks", CLOCKS)):
        text = text.replace(f"{{{name}}}", str(nanoseconds // 1_000_000_000))
    return text
