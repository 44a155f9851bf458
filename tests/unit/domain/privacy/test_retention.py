import pytest

from whatsapp_hub.domain.privacy.retention import BOUNDS, FOR_EVER, Kind, Retention


def test_nothing_set_deletes_nothing() -> None:
    assert list(FOR_EVER.limits()) == []
    assert FOR_EVER.flaws() == []


def test_a_kind_that_is_set_has_a_limit() -> None:
    wanted = Retention(conversations=365, media=90, updates=1)
    assert list(wanted.limits()) == [(Kind.CONVERSATIONS, 365), (Kind.MEDIA, 90), (Kind.UPDATES, 1)]


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_has_bounds_that_are_said(kind: Kind) -> None:
    least, most = BOUNDS[kind]
    for days in (least, most):
        assert Retention(**{kind.value: days}).flaws() == []
    for days in (least - 1, most + 1, -5):
        [flaw] = Retention(**{kind.value: days}).flaws()
        assert flaw.pointer == f"/retention/{kind.value}_days"
        assert flaw.reason == f"must be from {least} to {most}"
