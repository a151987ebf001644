"""`docs/names.md`, printed from the rule of precedence."""

from __future__ import annotations

from tlsaudit.naming.precedence import PRECEDENCE

__all__ = ["markdown"]

_HEAD = """\
# Names of addresses

Generated from `tlsaudit/naming/` by `python scripts/generate_docs.py`; do not edit.

Packets beside TLS say what an address is called. tlsaudit keeps what it finds in the table of names
([columns.md](columns.md#names), `audit.names`, `tlsaudit names`), each with the frame that says so.
Nobody is asked, and nothing is looked up. A packet counts by itself: what goes on in another TCP
segment is not read.

A name is what somebody said, not what is true: an address can be another machine's tomorrow, and
behind address translation it is several at once. So a name never changes a verdict; it stands
beside it (`client_name`, `server_called`), with where it is from.

## Which name counts

Of several names of a machine the one from the source that comes first here; of one source the one
that was told most often.

| place | source | why there |
|---|---|---|
"""

_TAIL = """
Users (`kind` is `user`: Kerberos, NTLM, the cookie of RDP), programs (`software`: User-Agent, the
vendor class of DHCP) and what a proxy was asked for (`target`) are in the table of names, and never
taken for the name of a machine. A name of a link address counts for a client that alone has it.

A server that a hello does not name is called what your file says, else the name of the last answer
of DNS that this client was given before for that address, else as above. The policy's services are
told by the first two alone.

## Your own names

`--hosts FILE`, in the library `hosts=`, is a hosts file (`192.0.2.1 name`) or CSV
(`192.0.2.1,name`), of IP or link addresses. It counts before all else.

## Your own fingerprints

`--fingerprints FILE`, in the library `fingerprints=`, is a list of what sends which hello. What it
says of a stack stands in `stack_hint`, as probable and with the line that says so, before what
tlsaudit knows itself. A fingerprint is never proof: programs share libraries, and settings change
hellos.

| list | compared by |
|---|---|
| CSV with JA3: `ja3,description`, or with a line of heads, as abuse.ch publishes it | JA3 |
| CSV with JA4: heads `Application`, `Library`, `Device`, `OS`, `ja4`, as FoxIO publishes it | JA4 |
| joy's and mercury's `fingerprint_db` in JSON Lines, also `.gz` | the JA3 that follows from it |

The strings of joy, and mercury's that begin with `tls/(`, keep the order of the extensions, so
their JA3 is worked out. Those of the later forms (`tls/1/`, `tls/2/`) sort them: no JA3 follows, so
they cannot be compared. Neither can QUIC, HTTP, SSH or TCP, and of JA4+ all but JA4 itself. They
are counted, and the command says how many.
"""


def markdown() -> str:
    """Give the text of `docs/names.md`."""
    rows = [
        f"| {place} | `{rank.source}` | {rank.why} |\n"
        for place, rank in enumerate(PRECEDENCE, start=1)
    ]
    return _HEAD + "".join(rows) + _TAIL
