"""The page: one self-contained HTML file, without anything from a network.

The template holds the layout (`render.py`), tables become rows of text (`listings.py`,
`listing.py`), and a script of our own lets people search and sort them (`templates/page.js`).
Without the script the page says the same, of the first rows of each table.
"""

from tlsaudit.reports.page.render import fragment, page

__all__ = ["fragment", "page"]
