"""Which webhooks a key sees, and which grid cells it may give them."""

from collections.abc import Sequence

from api.errors import ForbiddenError
from api.principal import Principal
from api.store.webhooks import Webhook


def judge_grids(principal: Principal, grids: Sequence[str]) -> tuple[str, ...]:
    """Return the grids, by default the key's own.

    Raises:
        ForbiddenError: They go beyond those of the key.
    """
    wanted = tuple(sorted(set(grids))) or principal.grids
    if not all(principal.sees(grid) for grid in wanted):
        raise ForbiddenError(
            "grids_beyond_key",
            "These grids go beyond those of the key.",
            f"The key is limited to {', '.join(principal.grids)}.",
        )
    return wanted


def sees_webhook(principal: Principal, webhook: Webhook) -> bool:
    """Tell whether all that a webhook is sent lies within the key's grids."""
    if not principal.grids:
        return True
    return bool(webhook.grids) and all(principal.sees(grid) for grid in webhook.grids)
