"""The newest frame, the notes around it, and nothing more."""

import threading

from detector.camera.live_mailbox import NOTES_KEPT, Mailbox


def test_a_newer_frame_takes_the_place_of_an_older_one() -> None:
    box: Mailbox[int, str] = Mailbox()
    for frame in range(1000):
        box.put_frame(frame)

    assert (box.take(), box.replaced) == (999, 999)


def test_order_is_kept_between_frames_and_notes() -> None:
    box: Mailbox[int, str] = Mailbox()
    box.put_frame(1)
    box.put_note("lost")
    assert (box.take(), box.take()) == (1, "lost")

    box.put_note("lost")
    box.put_frame(2)
    box.put_frame(3)
    assert (box.take(), box.take()) == ("lost", 3)


def test_notes_do_not_pile_up() -> None:
    box: Mailbox[int, str] = Mailbox()
    box.put_frame(1)
    for number in range(100):
        box.put_note(str(number))

    assert [box.take() for _ in range(NOTES_KEPT + 1)] == [1, *map(str, range(92, 100))]


def test_closing_wakes_the_taker_and_ends_it() -> None:
    box: Mailbox[int, str] = Mailbox()
    got: list[int | str | None] = []
    taker = threading.Thread(target=lambda: got.append(box.take()))
    taker.start()
    box.close()
    taker.join(10)

    assert got == [None]
    box.put_frame(1)
    box.put_note("late")
    assert box.take() is None


def test_a_lossless_box_makes_the_writer_wait() -> None:
    box: Mailbox[int, str] = Mailbox(lossless=True)

    def write() -> None:
        for number in range(50):
            box.put_frame(number)

    writer = threading.Thread(target=write)
    writer.start()

    assert [box.take() for _ in range(50)] == list(range(50))
    writer.join(10)
    assert box.replaced == 0


def test_closing_frees_a_writer_that_waits() -> None:
    box: Mailbox[int, str] = Mailbox(lossless=True)
    box.put_frame(1)
    writer = threading.Thread(target=lambda: box.put_frame(2))
    writer.start()
    box.close()
    writer.join(10)

    assert not writer.is_alive()
