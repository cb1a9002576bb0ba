"""Every error that the detector raises on purpose.

    StreetIssueError            code, message, hint
    ├── PhotoError              one photo cannot be scored; the rest of the batch goes on
    ├── StreamError             a video or a camera cannot be read; the others go on
    ├── ServiceError            the service refused news of a camera, or cannot be reached
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


StreamErrorCode = Literal[
    "unreadable",
    "empty",
    "not_a_video",
    "no_video_stream",
    "unsupported_codec",
    "truncated",
    "corrupt",
    "too_many_pixels",
    "timeline_broken",
    "ended",
    "timed_out",
    "internal",
]
"""The closed list of reasons why a video or a live stream gives no frames."""

STREAM_ERROR_CODES: tuple[str, ...] = get_args(StreamErrorCode)


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


class StreamError(StreetIssueError):
    """A video file or a live stream gives no frames, or no more."""

    code: StreamErrorCode

    def __init__(self, code: StreamErrorCode, message: str, hint: str = "") -> None:
        """As the base, with a code of the closed list."""
        super().__init__(code, message, hint)


class ServiceError(StreetIssueError):
    """The service refused what it was sent, or cannot be reached."""

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        *,
        again: bool,
        retry_after_s: float | None = None,
        status: int | None = None,
    ) -> None:
        """As the base.

        Args:
            code: The service's own code of the problem, or one of ours.
            message: What is wrong.
            hint: What to do.
            again: Sending the same again later may help.
            retry_after_s: When the service asked to be left alone for so long.
            status: Of the HTTP answer; None: there was none.
        """
        super().__init__(code, message, hint)
        self.again = again
        self.retry_after_s = retry_after_s
        self.status = status


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
