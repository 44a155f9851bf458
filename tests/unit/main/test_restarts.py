from whatsapp_hub.main.supervise.supervisor import Restarts


def test_the_wait_doubles_up_to_the_cap() -> None:
    restarts = Restarts(jitter=lambda: 1.0)
    waits = [restarts.after(lived_s=0) for _ in range(9)]
    assert waits[:4] == [0.5, 1, 2, 4]
    assert waits[-1] == 30


def test_a_good_run_forgets_earlier_failures() -> None:
    restarts = Restarts(jitter=lambda: 1.0)
    for _ in range(5):
        restarts.after(lived_s=0)
    assert restarts.after(lived_s=61) == 0.5


def test_jitter_takes_off_up_to_half() -> None:
    assert Restarts(jitter=lambda: 0.0).after(lived_s=0) == 0.25


def test_what_the_process_lived_counts_so_that_one_that_is_killed_at_work_is_back_at_once() -> None:
    restarts = Restarts(jitter=lambda: 1.0)
    assert [restarts.after(lived_s=20) for _ in range(5)] == [0.5] * 5, "the back-off is 8 s by then"
    assert restarts.after(lived_s=1) == 15
    assert restarts.after(lived_s=0) == 30
