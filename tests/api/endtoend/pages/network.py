"""A network between the page and the service that the test holds up."""

from playwright.sync_api import Page, Route


def hold(page: Page, pattern: str) -> list[Route]:
    """Keep back what the page asks for at such addresses, until the test goes on with it."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(pattern, keep)
    return held
