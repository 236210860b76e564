import pytest

from spacy_gliner_biomed.common.optional import import_optional


def test_package_that_is_missing_is_named_with_its_extra() -> None:
    message = r"GB-E107.*A table needs no_such_package: .*spacy_gliner_biomed\[parquet\]"
    with pytest.raises(ImportError, match=message):
        import_optional("no_such_package.part", "A table", extra="parquet")


def test_package_that_is_there_is_imported() -> None:
    assert import_optional("json.decoder", "A table", extra="parquet").JSONDecoder


def test_a_hint_ends_the_message() -> None:
    with pytest.raises(ImportError, match=r"\[kb\]' \(.*\)\. A built file does not need it\.$"):
        import_optional(
            "no_such_package", "A table", extra="kb", hint="A built file does not need it."
        )
