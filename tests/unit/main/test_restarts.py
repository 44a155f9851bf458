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
