"""Evidence: the packets of flagged handshakes as a capture of their own, for a ticket."""

from tlsaudit.evidence.writing import Evidence, write_evidence

__all__ = ["Evidence", "write_evidence"]
