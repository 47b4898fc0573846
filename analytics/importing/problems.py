"""What ends an import: a file, a source or a mapping that cannot be used."""

from __future__ import annotations


class ImportFailed(Exception):  # noqa: N818 - named as what is the case
    """The import cannot go on; the message is one line that says what to do."""


class BrokenSource(ImportFailed):
    """The SQL of a source fails, or does not account for every row: a mistake of the source."""
