"""What Windows and Entra logged, and which handshakes that belongs to.

`reading.py` takes the events of Schannel out of files, `matching.py` ties them to handshakes, by
what `evidence.py` finds for and against each; `sign_ins.py` and `sign_in_matching.py` do likewise
with Entra's log. An event that fits several, or none, says so.
"""

from tlsaudit.events.matching import Spans, event_table
from tlsaudit.events.reading import Events, read_events
from tlsaudit.events.record import Logged
from tlsaudit.events.sign_in_matching import sign_in_table
from tlsaudit.events.sign_ins import SignIn, SignIns, read_sign_ins

__all__ = [
    "Events",
    "Logged",
    "SignIn",
    "SignIns",
    "Spans",
    "event_table",
    "read_events",
    "read_sign_ins",
    "sign_in_table",
]
