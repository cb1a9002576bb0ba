import pytest

from detector import errors
from detector.errors import ExtraMissingError, PhotoError, StreetIssueError


def test_every_error_stands_in_the_tree_of_the_module() -> None:
    drawn = errors.__doc__ or ""
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    own = [one for one in kinds if issubclass(one, StreetIssueError)]
    assert len(own) >= 8
    for kind in own:
        assert kind.__name__ in drawn


def test_words_hold_message_and_hint() -> None:
    error = PhotoError("empty", "The file is empty.", "Send it again.")
    assert str(error) == "The file is empty. Send it again."
    assert str(PhotoError("empty", "The file is empty.")) == "The file is empty."


def test_a_missing_extra_says_how_to_install_it() -> None:
    with pytest.raises(StreetIssueError, match=r"pip install \"street-issue-detector\[ocr\]\""):
        raise ExtraMissingError("ocr", "Reading posters")
