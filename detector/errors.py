"""Every error that the detector raises on purpose.

    StreetIssueError            code, message, hint
    ├── PhotoError              one photo cannot be scored; the rest of the batch goes on
    ├── BundleError             a model bundle is missing, damaged or does not fit
    ├── RuntimeUnavailableError the inference runtime asked for is not there
    ├── InferenceError          the runtime failed on a picture
    ├── EvidenceError           a picture cannot be drawn, blurred or read
    │   └── ExtraMissingError   an optional part is not installed
    ├── UsageError              the command line asks for what makes no sense
    ├── OutputError             a report cannot be written
    └── GeometryError           boxes that are not boxes

A foreign error (Pillow, simplejpeg, ONNX Runtime, OpenVINO, OpenCV) is translated once, at
the seam where it enters. Programming errors stay what they are: TypeError, ValueError.
"""

from typing import Literal, get_args

PhotoErrorCode = Literal[
    "unreadable",
    "empty",
    "file_too_large",
    "too_many_pixels",
    "too_small",
    "not_a_picture",
    "unsupported_type",
    "heic_extra_missing",
    "truncated",
    "corrupt",
    "inference_failed",
    "internal",
]
"""The closed list of reasons why a photo was not scored."""

PHOTO_ERROR_CODES: tuple[str, ...] = get_args(PhotoErrorCode)


class StreetIssueError(Exception):
    """Base of all: says what is wrong in a plain sentence, and what to do."""

    code: str
    message: str
    hint: str

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        """Keep the three parts; `str()` joins message and hint."""
        super().__init__(code, message, hint)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class PhotoError(StreetIssueError):
    """One photo cannot be scored."""

    code: PhotoErrorCode

    def __init__(self, code: PhotoErrorCode, message: str, hint: str = "") -> None:
        """As the base, with a code of the closed list."""
        super().__init__(code, message, hint)


class BundleError(StreetIssueError):
    """A model bundle is missing, damaged or does not fit."""


class RuntimeUnavailableError(StreetIssueError):
    """The inference runtime asked for is unknown or not installed."""


class InferenceError(StreetIssueError):
    """The runtime failed on a picture."""


class EvidenceError(StreetIssueError):
    """A picture cannot be drawn, blurred or read."""


class ExtraMissingError(EvidenceError):
    """An optional part of the package is not installed."""

    def __init__(self, extra: str, purpose: str, alternative: str = "") -> None:
        """Name the extra, what it is for, and another way out where there is one."""
        hint = f'Install it: pip install "street-issue-detector[{extra}]".'
        super().__init__(
            "extra_missing",
            f"{purpose} needs the extra '{extra}', which is not installed.",
            f"{hint} {alternative}".strip(),
        )


class UsageError(StreetIssueError):
    """The command line asks for what makes no sense."""

    def __init__(self, message: str, hint: str = "") -> None:
        """A usage error has one code."""
        super().__init__("usage", message, hint)


class OutputError(StreetIssueError):
    """A report cannot be written."""

    def __init__(self, path: str, reason: OSError) -> None:
        """Name the file and what the system said."""
        words = reason.strerror or type(reason).__name__
        super().__init__("output_unwritable", f"{path} cannot be written: {words}.")


class GeometryError(StreetIssueError):
    """Boxes that are not boxes."""

    def __init__(self, message: str) -> None:
        """A geometry error has one code."""
        super().__init__("bad_geometry", message)
