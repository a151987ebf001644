"""What Windows and Entra logged, and which handshakes that belongs to.

`reading.py` takes the events of Schannel out of files, `matching.py` ties them to handshakes, by
what `evidence.py` finds for and against each. An event that fits several, or none, says so.
"""

from tlsaudit.events.matching import event_table
from tlsaudit.events.reading import Events, read_events
from tlsaudit.events.record import Logged

__all__ = ["Events", "Logged", "event_table", "read_events"]
