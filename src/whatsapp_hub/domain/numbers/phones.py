"""Phone numbers in international form, as digits: which forms are one number.

WhatsApp has some numbers in another form than the network dials: Brazilian mobiles without the ninth digit,
Mexican ones with a 1 after the country code, Argentine ones with a 9. People in Argentina also write the 15 that they
dial at home between area code and number.
"""

import re

_BRAZIL = re.compile(r"55([1-9][0-9])([6-9][0-9]{7})")
_MEXICO = re.compile(r"521([2-9][0-9]{9})")
_ARGENTINA = re.compile(r"54(11[0-9]{8}|[23][0-9]{9})")
_ARGENTINA_DIALLED = re.compile(r"549?(?:(11)15([0-9]{8})|([23][0-9]{2})15([0-9]{7})|([23][0-9]{3})15([0-9]{6}))")

_WHOLE, _SEARCHED = 10, 3
_BRAZIL_WHOLE = re.compile(r"55([1-9][0-9])9([6-9][0-9]{7})")
_BRAZIL_PARTS = re.compile(r"((?:55)?[1-9][0-9])9?([6-9][0-9]{7})")
_MEXICO_PARTS = re.compile(r"521?([2-9][0-9]{9})")
_ARGENTINA_PARTS = re.compile(r"549?(11[0-9]{8}|[23][0-9]{9})")


def canonical(digits: str) -> str:
    """Normalise all forms of one number to the same digits; those of other countries stay as they are.

    Idempotent. Brazilian mobiles get their ninth digit, Mexican numbers lose the 1, Argentine ones get the 9.
    """
    digits = without_home_prefix(digits)
    if match := _BRAZIL.fullmatch(digits):
        return f"55{match[1]}9{match[2]}"
    if match := _MEXICO.fullmatch(digits):
        return f"52{match[1]}"
    if match := _ARGENTINA.fullmatch(digits):
        return f"549{match[1]}"
    return digits


def fixed_parts(digits: str) -> tuple[str, ...]:
    """Split a whole number, with or without its country code, into the parts that all its forms share, in order."""
    if match := _BRAZIL_PARTS.fullmatch(digits):
        return match[1], match[2]
    if match := _MEXICO_PARTS.fullmatch(digits):
        return "52", match[1]
    country = ("54",) if digits.startswith("54") else ()
    dialled = digits if country else f"54{digits}"
    if match := _ARGENTINA_DIALLED.fullmatch(dialled):  # area and rest apart: the 15 may be another country's digits
        return (*country, *(part for part in match.groups() if part))
    if match := _ARGENTINA_PARTS.fullmatch(dialled):
        return (*country, match[1])
    return (digits,)


def search_parts(digits: str) -> tuple[str, ...]:
    """Split a search term: a whole number, without a leading 0 or 00, into the parts that all its forms share; a part
    of a number stays; fewer than three digits give nothing."""
    if len(digits) >= _WHOLE:
        return fixed_parts(digits.lstrip("0") or digits)
    return (digits,) if len(digits) >= _SEARCHED else ()


def written_forms(digits: str) -> frozenset[str]:
    """Return all the forms in which WhatsApp writes this number."""
    whole = canonical(digits)
    other = None
    if match := _BRAZIL_WHOLE.fullmatch(whole):
        other = f"55{match[1]}{match[2]}"
    elif match := _MEXICO_PARTS.fullmatch(whole):
        other = f"521{match[1]}"
    elif match := _ARGENTINA_PARTS.fullmatch(whole):
        other = f"54{match[1]}"
    return frozenset({digits, whole} | ({other} if other else set()))


def without_home_prefix(digits: str) -> str:
    """Convert to the digits that a provider takes: an Argentine 15, dialled only within the country, becomes a 9."""
    if match := _ARGENTINA_DIALLED.fullmatch(digits):
        return "549" + "".join(part for part in match.groups() if part)
    return digits
