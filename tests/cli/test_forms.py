"""The table of outputs: every row is complete, and what other modules know of an output follows from it."""

from __future__ import annotations

import pytest

from kstore.cli.forms import FORMS, Form, Kind, Reader, is_for_programs, text_of_many, text_of_one, words
from kstore.cli.listing_forms import HONOURED

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.word)
def test_a_row(form: Form) -> None:
    """Documents, and they alone, have a printer, which is there; a list of one has what its object has."""
    assert bool(form.many) == (form.kind is Kind.DOCUMENT)
    assert is_for_programs(form.word) == (form.reader is not Reader.PEOPLE)
    if form.many:
        assert "web" in "".join(text_of_many(form.word, [POD, POD]))
        assert "web" in text_of_one(form.word, POD)


def test_words_are_one_forms_own() -> None:
    assert len({form.word for form in FORMS}) == len(FORMS)


def test_options_name_no_form_of_their_own() -> None:
    """A form of a kind has the options of its kind, whatever its word."""
    assert words(Kind.DOCUMENT) <= HONOURED["--sort-by"] & HONOURED["--limit"] & HONOURED["--as"]
    assert not words(Kind.DOCUMENT) & HONOURED["--show-labels"]
