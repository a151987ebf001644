"""The table of files: where the frames are of a capture that lies in several files."""

from tlsaudit.schema.column import CAPTURE_ERRORS, Column

FILES: tuple[Column, ...] = (
    Column("capture", "dict<str>", False, "The capture, as in the other tables."),
    Column("file", "str", False, "The file, as it was named. Rows are in the order of the files."),
    Column(
        "frames_before",
        "uint64",
        False,
        "Frame numbers that the files before it take: frame `frames_before + 1` of the capture is "
        "frame 1 of this file.",
    ),
    Column("frames", "uint64", False, "Frame numbers that it takes."),
    Column(
        "first_ts", "timestamp[ns, UTC]", True, "The earliest time of a frame; null = no times."
    ),
    Column("last_ts", "timestamp[ns, UTC]", True, "The latest time of a frame; null = no times."),
    Column("bytes_read", "uint64", False, "Bytes of the file read, as stored."),
    Column(
        "error_kind",
        "dict<str>",
        True,
        "Why it could not be read, or not to its end. Null = it was read to its end.",
        values=CAPTURE_ERRORS,
    ),
    Column("error", "str", True, "The same in one sentence."),
)
