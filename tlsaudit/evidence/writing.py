"""The evidence file: the packets that show what was found, each with a comment that says why."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING

from tlsaudit.errors import CaptureError, ReportError
from tlsaudit.evidence.anonymous import Anonymous
from tlsaudit.evidence.chosen import Chosen, Naming, choose
from tlsaudit.evidence.packets import Frame, frame_of
from tlsaudit.evidence.parts import Kept, Part, kept_frames, parts_of
from tlsaudit.evidence.pcapng import Interface, PcapngWriter
from tlsaudit.evidence.pseudonyms import Pseudonyms
from tlsaudit.inputs import printable_name
from tlsaudit.places import Places
from tlsaudit.reports.export import replacing
from tlsaudit.reports.wording import joined, plural
from tlsaudit.safe_text import visible

if TYPE_CHECKING:
    from tlsaudit.inputs import Input
    from tlsaudit.reports.overview import Tables

__all__ = ["Evidence", "write_evidence"]


@dataclass(frozen=True)
class Evidence:
    """What was written: where, and of each packet in its order the capture and frame it is from.

    `handshakes` and `clients` are those that the file shows. `left_out` counts handshakes that are
    not in it although they were wanted, by the reason.
    """

    path: Path
    frames: tuple[tuple[str, int], ...]
    handshakes: int
    clients: int
    left_out: dict[str, int]

    @property
    def sentence(self) -> str:
        """What was written, in a sentence."""
        text = (
            f"{plural(len(self.frames), 'packet')} of {plural(self.handshakes, 'handshake')} of "
            f"{plural(self.clients, 'client')}"
        )
        if self.left_out:
            reasons = [f"{count:,} because {why}" for why, count in self.left_out.items()]
            text += f"; left out: {joined(reasons)}"
        return text


class _AsCaptured:
    """Names and addresses as they were captured, made visible."""

    address = name = staticmethod(visible)


def write_evidence(
    audit: Tables,
    path: str | os.PathLike[str],
    files: Iterable[Input],
    *,
    clients: Sequence[str] | None = None,
    anonymise: bool = False,
    key: bytes | None = None,
) -> Evidence:
    """Write the packets of the handshakes that are evidence; see `Audit.evidence`."""
    if key is not None and len(key) < _SHORTEST_KEY:
        raise ReportError(f"a key for pseudonyms has at least {_SHORTEST_KEY} bytes")
    place = Path(path)
    chosen = choose(audit, clients)
    if not chosen:
        whom = f" of {joined([visible(each) for each in clients])}" if clients else ""
        raise ReportError(
            f"no handshake{whom} is flagged under {visible(audit.policy.name)}, so there is no "
            "evidence to write"
        )
    sources = {each.name: each for each in files}
    writer = _Writer(audit, Pseudonyms(key or token_bytes(_SHORTEST_KEY)) if anonymise else None)
    about = f"Evidence of a TLS audit under the policy {visible(audit.policy.name)}: packets of "
    about += "the handshakes that were flagged. Each comment says what the packet shows, and the "
    about += "capture and frame that it is from. " + (_ANONYMOUS if anonymise else _ORIGINAL)
    with replacing(place) as partial, partial.open("wb") as file:
        out = PcapngWriter(file, about)
        for number, each in enumerate(chosen, 1):
            writer.capture(out, sources[each.capture], each, number)
        if not writer.frames:
            reasons = joined(list(writer.left_out))
            raise ReportError(f"no packet of the handshakes that were flagged is left: {reasons}")
    return Evidence(
        place,
        tuple(writer.frames),
        writer.handshakes,
        len(writer.clients),
        dict(sorted(writer.left_out.items())),
    )


_SHORTEST_KEY = 16
_ORIGINAL = "The packets are as they were captured; what comes behind a handshake is left out."
_ANONYMOUS = (
    "Addresses and names are pseudonyms, of the same length and alike where the originals are; "
    "packets were built anew around the hellos, and what else they held is zeros: what was said "
    "before TLS, certificates, keys, tickets, and whatever was encrypted. Times, ports, randoms "
    "and session IDs are as they were captured."
)


_Packet = tuple[Kept, Part, Anonymous | None]


class _Writer:
    """Writes the evidence of one capture after the other."""

    def __init__(self, audit: Tables, pseudonyms: Pseudonyms | None) -> None:
        self._audit = audit
        self._places = Places(audit.files)
        self._pseudonyms = pseudonyms
        self._named: Naming = pseudonyms or _AsCaptured()
        self.frames: list[tuple[str, int]] = []
        self.handshakes = 0
        self.clients: set[str] = set()
        self.left_out: dict[str, int] = {}

    def capture(self, out: PcapngWriter, source: Input, chosen: Chosen, number: int) -> None:
        """Read a capture again, and write what is evidence in it."""
        frames, limited = _copied(self._audit, source, chosen)
        parts = parts_of(frames, chosen)
        shown = sum(len(part.handshakes) for part in parts)
        if shown < len(chosen.handshakes):
            if not limited:
                raise CaptureError(
                    f"{source.name}: it is not what was audited any more: audit it again"
                )
            self._leave_out("a file of evidence holds no more", len(chosen.handshakes) - shown)
        title = visible(chosen.capture) if self._pseudonyms is None else f"capture {number}"
        remarks: dict[int, list[str]] = {}
        packets: dict[int, _Packet] = {}
        for part in parts:
            anonymous = None if self._pseudonyms is None else Anonymous(part, self._pseudonyms)
            if anonymous is not None and anonymous.reason is not None:
                self._leave_out(anonymous.reason, len(part.handshakes))
                continue
            self.handshakes += len(part.handshakes)
            for seen in part.handshakes:
                self.clients.add(str(seen.row["client"]))
                for place, words in seen.remarks(self._named).items():
                    remarks.setdefault(place, []).extend(words)
            packets |= {kept.frame.number: (kept, part, anonymous) for kept in kept_frames(part)}
        for frame in frames:
            if frame.number in packets:
                kept, part, anonymous = packets[frame.number]
                words = remarks.get(frame.number) or [_ordinary(frame, part, self._named)]
                shapes = anonymous.packets(kept) if anonymous else [_as_captured(kept)]
            elif frame.piece_of in packets and self._pseudonyms is None:
                kept, words = Kept(frame), [self._fragment(chosen.capture, frame)]
                shapes = [_as_captured(kept)]
            else:
                continue
            whence = f"{title}, frame {frame.number}"
            if self._pseudonyms is None:
                file, place = self._places.of(chosen.capture, frame.number)
                whence = f"{visible(file)}, frame {place}"
            comment = f"{whence}: " + ". ".join([*words, *_caveats(kept)])
            for link_type, data, length in shapes:
                # Of a packet that was built anew there is no check sequence.
                fcs = frame.fcs_length if self._pseudonyms is None else 0
                interface = Interface(f"{title}, interface {frame.interface}", link_type, fcs)
                out.packet(interface, frame.ts, data, length, comment)
                self.frames.append((chosen.capture, frame.number))

    def _fragment(self, capture: str, frame: Frame) -> str:
        """Say of which packet a frame brings a piece."""
        assert frame.piece_of is not None
        file, _ = self._places.of(capture, frame.number)
        other, place = self._places.of(capture, frame.piece_of)
        text = f"a fragment of the packet of frame {place}"
        return text if other == file else f"{text} of {visible(other)}"

    def _leave_out(self, why: str, count: int) -> None:
        self.left_out[why] = self.left_out.get(why, 0) + count


def _caveats(kept: Kept) -> list[str]:
    """Say what is not as it was."""
    said = []
    if kept.frame.ts is None or kept.frame.ts < 0:
        said.append("its time is not known")
    if kept.length is not None:
        said.append("what comes behind the handshake is cut off")
    return said


def _as_captured(kept: Kept) -> tuple[int, bytes, int]:
    """Give link type, bytes and length on the wire of a frame, up to the end of a handshake."""
    frame = kept.frame
    data = frame.data
    at = frame.packet.payload_at if frame.packet else None
    if kept.length is not None and at is not None:
        data = data[: at + kept.length]
    return frame.link_type, data, frame.original_length


def _ordinary(frame: Frame, part: Part, named: Naming) -> str:
    """Say what a frame is of which the tables do not speak."""
    packet = frame.packet
    assert packet is not None
    parties = part.handshakes[0].parties(named)
    if packet.is_about_the_connection:
        return f"{packet.flag_words}, {parties}"
    last = max(part.hellos)
    what = "it leads to the hellos or is part of one" if frame.number < last else "it follows them"
    return f"{what}, {parties}"


def _copied(audit: Tables, source: Input, chosen: Chosen) -> tuple[list[Frame], bool]:
    """Give the frames of the conversations that are wanted, and whether there are more of them."""
    from tlsaudit._core import excerpt

    assert isinstance(source.source, str)
    files = _files(audit, source) if source.parts else [(source.source, 0)]
    try:
        frames, limited = excerpt(files, chosen.hellos, chosen.alone, source.max_unpacked)
    except OSError as error:
        name = printable_name(os.fspath(error.filename))
        raise CaptureError(f"{name}: {error.strerror}") from None
    return [frame_of(each) for each in frames], limited


def _files(audit: Tables, source: Input) -> list[tuple[str, int]]:
    """Give the files of a capture that brought frames, each with the frames before it."""
    rows = audit.files[(audit.files["capture"] == source.name) & (audit.files["frames"] > 0)]
    before = dict(zip(rows["file"], rows["frames_before"].map(int), strict=True))
    names = ((path, printable_name(path)) for path in source.parts)
    return [(path, before[name]) for path, name in names if name in before]
