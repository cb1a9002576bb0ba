"""Who is asking, and what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from api.errors import ForbiddenError

Role = Literal["citizen-intake", "operator", "handler", "consumer", "auditor", "camera", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

Right = Literal[
    "score",  # score a photo, keep nothing
    "report",  # hand in a report
    "read",  # see cases and blurred pictures
    "judge",  # verify, file, dismiss, dispatch, check, close, merge, split, verdicts
    "handle",  # handle, report back, hand in after-photos
    "queue",  # lease and acknowledge
    "incident",  # post incidents and heartbeats of cameras
    "feedback",  # export verdicts
    "audit",  # read the audit log
    "manage",  # webhooks, cameras, grid, toilets, keys
]

RIGHTS_OF: Final[Mapping[Role, frozenset[Right]]] = MappingProxyType(
    {
        "citizen-intake": frozenset({"score", "report"}),
        "operator": frozenset({"score", "report", "read", "judge", "handle", "feedback"}),
        "handler": frozenset({"read", "handle"}),
        "consumer": frozenset({"read", "judge", "handle", "queue"}),
        "auditor": frozenset({"read", "feedback", "audit"}),
        "camera": frozenset({"incident"}),
        "admin": frozenset(get_args(Right)),
    }
)


@dataclass(frozen=True, slots=True)
class Principal:
    """A key that was shown to be right."""

    id: str
    name: str
    role: Role
    originals: bool = False
    """May read unblurred photos, with a reason."""
    grids: tuple[str, ...] = ()
    """Prefixes of grid codes; empty: everywhere, and what lies in no cell."""

    @property
    def actor(self) -> str:
        """How histories name it."""
        return f"key:{self.id}"

    def may(self, right: Right) -> bool:
        """Tell whether the role has the right."""
        return right in RIGHTS_OF[self.role]

    def sees(self, grid_code: str | None) -> bool:
        """Tell whether a place lies within its grid cells."""
        if not self.grids:
            return True
        return grid_code is not None and grid_code.startswith(self.grids)

    def check_sees(self, grid_code: str | None) -> None:
        """Let a key write only where it may read.

        Raises:
            ForbiddenError: The place lies outside the grid cells that it is limited to.
        """
        if not self.sees(grid_code):
            raise ForbiddenError(
                "outside_grids",
                "The position is outside the grid cells that this key is limited to.",
                "Send a position within them, or ask an administrator for another key.",
            )

    def check_everywhere(self) -> None:
        """Let only keys pass that see everything, whatever cell it lies in.

        Raises:
            ForbiddenError: The key is limited to grid cells.
        """
        if self.grids:
            raise ForbiddenError(
                "limited_to_grids",
                "A key that is limited to grid cells may not do this.",
                "It concerns every cell: ask an administrator for a key without --grid.",
            )
