import pytest

from whatsapp_hub.domain.errors import Invalid
from whatsapp_hub.domain.service.closing import MOST_REASONS, NO_TERMS, REASON_LENGTH, ClosingTerms


def flaws(*reasons: str, required: bool = False) -> list[str]:
    return [flaw.pointer for flaw in ClosingTerms(reasons, required).flaws()]


def test_a_company_without_reasons_takes_none() -> None:
    assert NO_TERMS.checked(None) is None
    with pytest.raises(Invalid) as refused:
        NO_TERMS.checked("Sold")
    assert refused.value.flaws[0].pointer == "/reason"


def test_one_with_reasons_takes_them_and_no_others() -> None:
    terms = ClosingTerms(("Sold", "No answer"))
    assert (terms.checked("Sold"), terms.checked(None)) == ("Sold", None)
    for other in ("sold", "", "Sold "):
        with pytest.raises(Invalid, match="Sold, No answer"):
            terms.checked(other)


def test_a_company_may_require_one() -> None:
    with pytest.raises(Invalid, match="must be one of"):
        ClosingTerms(("Sold",), resolve_reason_required=True).checked(None)
    assert flaws(required=True) == ["/resolve_reason_required"]


def test_reasons_are_short_distinct_printable_texts() -> None:
    assert flaws("Sold", "No answer") == []
    assert flaws("Sold", "Sold", " x", "", "a\nb", "x" * (REASON_LENGTH + 1)) == [
        f"/resolve_reasons/{place}" for place in range(1, 6)
    ]
    assert flaws(*map(str, range(MOST_REASONS + 1))) == ["/resolve_reasons"]
    assert flaws(*map(str, range(MOST_REASONS))) == []


def test_only_what_was_sent_changes() -> None:
    terms = ClosingTerms(("Sold",), resolve_reason_required=True)
    assert terms.changed(None, None) == terms
    assert terms.changed(["A"], required=None) == ClosingTerms(("A",), resolve_reason_required=True)
    assert terms.changed(None, required=False) == ClosingTerms(("Sold",))
