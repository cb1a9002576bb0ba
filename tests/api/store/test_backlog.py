from typing import TYPE_CHECKING

from api.intake.accepting import NewReport, accept_report
from api.store.backlog import Backlog, waiting_deliveries, waiting_jobs

if TYPE_CHECKING:
    from api.services import Services


def test_jobs_are_counted_from_the_oldest(services: "Services") -> None:
    began = services.clock()
    for number in range(2):
        photo = b"\xff\xd8\xff\xe0" + bytes([number])
        accept_report(services, NewReport("citizen", photo, lat=39.9, lon=116.4))
        services.clock.advance(seconds=60)  # type: ignore[attr-defined]  # the tests' clock
    with services.database.read() as connection:
        found = waiting_jobs(connection)
        assert waiting_deliveries(connection) == Backlog(0, None)
    assert (found.count, found.oldest_at) == (2, began)
