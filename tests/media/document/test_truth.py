"""The facts about the corpus' documents, beside those that other programs read."""

from pathlib import Path

import pytest

from tests.benchmarks.truth.documents import table


@pytest.mark.corpus
def test_documents_have_the_pages_that_other_programs_count(corpus: Path) -> None:
    rows = {row.what: row for row in table(corpus)}
    assert rows["pages of PDFs"].total > 20
    for row in rows.values():
        assert row.is_met, row.wrong
