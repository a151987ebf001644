"""A matplotlib Figure that a notebook shows."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure

from tlsaudit.reports.figures.canvas import without_words_on_fonts

__all__ = ["Picture"]


class Picture(Figure):
    """A Figure that shows itself in a notebook, also where pyplot was never imported."""

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        with without_words_on_fonts():
            self.savefig(buffer, format="png", dpi=130, facecolor="white")
        return buffer.getvalue()
