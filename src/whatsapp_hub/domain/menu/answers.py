"""Interpret a customer's answer to the menu, or to a yes-no question.

People write `2`, `2 - Suporte`, `２`, `2️⃣`, `dois`, `opção 2`, `a segunda`, `quero falar com suporte`. An ambiguous
answer, or one about something else (`vendas ou suporte`, an order number), means nothing: the bot asks again.
Pure; contract: E.1, E.2 and G.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from whatsapp_hub.domain.menu.vocabulary import Vocabulary
from whatsapp_hub.domain.text import fold

SHORT_SENTENCE = 9
"""Most words beside the department's name in a sentence that counts as an answer."""

SHORT_ANSWER = 6
LONGEST = 400
"""Characters; a longer text is no answer, and is not parsed."""

_DISTINCTIVE = 4
_LONGEST_NUMBER = 4
_AS_ORDINAL = re.compile(r"([0-9]{1,2})(?:a|o|as|os|st|nd|rd|th|er|ro|do|ra|da)")
_NUMBER_SIGNS = frozenset({"n", "no", "nr", "nro", "num"})
_TEN = "\U0001f51f"
_AGREEING = "\U0001f44d\U0001f44c\u2705\u2714\u2611\U0001f197"
_REFUSING = "\U0001f44e\u274c\u274e\u2716\U0001f6ab\U0001f645\u26d4"

Words = tuple[str, ...]


def choice_in(text: str, names: Sequence[str], words: Vocabulary) -> int | None:
    """Return the place (from 0) of the one option that the text clearly means."""
    said = _words_of(text) if len(text) <= LONGEST else ()
    options = [_words_of(name) for name in names]
    if len(said) == 1 and (number := _digits(said[0])):
        return number - 1 if number <= len(options) else _only(_named(said, options))
    if not said:
        return None
    lines = [(str(number), *option) for number, option in enumerate(options, start=1)]
    if exactly := {*_named(said, lines), *_named(said, options)}:
        return _only(exactly)
    return _in_sentence(said, options, words)


def agreement_in(text: str, name: str, words: Vocabulary) -> bool | None:
    """Return whether the text clearly accepts (True) or refuses the department of that name; None: neither."""
    if len(text) > LONGEST:
        return None
    said, mentions = _mentions(_words_of(text), [_words_of(name)])
    rest = _without(_without(said, words.refusals), words.courtesies)
    if len(rest) > SHORT_ANSWER or not _is_known(rest, words):
        return None
    verdicts = set(_signs(text))
    if (
        _without(said, words.refusals) != said
        or any(word in words.no for word in rest)
        or (len(rest) == 1 and rest[0] in words.no_alone)
    ):
        verdicts.add(False)
    if any(word in words.yes for word in rest):
        verdicts.add(True)
    if verdicts:
        return verdicts.pop() if len(verdicts) == 1 else None
    return True if mentions or any(word in words.softly for word in rest) else None


def _is_known(rest: Iterable[str], words: Vocabulary) -> bool:
    """Check that all words are a yes, a no or a filler."""
    return all(word in words.yes | words.no | words.softly | words.fillers | words.no_alone for word in rest)


def _in_sentence(said: Words, options: Sequence[Words], words: Vocabulary) -> int | None:
    rest, mentions = _mentions(said, options)
    rest = _without(rest, words.courtesies)
    if any(word in words.bars for word in rest):
        return None
    if not mentions:
        return _number_in(rest, len(options), words)
    place = _only({place for name in mentions for place in _named(name, options)})
    if place is None or len(rest) > SHORT_SENTENCE:
        return None
    numbers = {number for word in rest if (number := _digits(word)) and number <= len(options)}
    means_another = numbers - {place + 1} or _mentions_another(rest, place, options, words)
    return None if means_another else place


def _mentions_another(rest: Words, place: int, options: Sequence[Words], words: Vocabulary) -> bool:
    """Check for a distinctive part of another option's name."""
    others = {word for other, option in enumerate(options) if other != place for word in option}
    distinctive = {word for word in others - set(options[place]) - words.fillers if len(word) >= _DISTINCTIVE}
    return not distinctive.isdisjoint(rest)


def _number_in(rest: Words, most: int, words: Vocabulary) -> int | None:
    """Return the option whose number is given, if nothing else is."""
    points = any(word in words.pointers for word in rest)
    ordinals = {number for word in rest if (number := _ordinal(word, words, points=points))}
    numbers = set(ordinals)
    for word in rest:
        number = _digits(word) or words.numbers.get(word)
        is_article = number == 1 and word in words.numbers and bool(ordinals)
        if number and not is_article:
            numbers.add(number)
        elif not (is_article or word in words.fillers or _ordinal(word, words, points=points)):
            return None
    number = _only(numbers)
    return number - 1 if number is not None and number <= most else None


def _ordinal(word: str, words: Vocabulary, *, points: bool) -> int | None:
    if match := _AS_ORDINAL.fullmatch(word):
        return int(match[1]) or None
    return words.ordinals.get(word) if points else None


def _digits(word: str) -> int | None:
    """Parse an option's number. More digits are a number of no option."""
    if not (word.isascii() and word.isdigit()):
        return None
    return int(word) or None if len(word) <= _LONGEST_NUMBER else 10**_LONGEST_NUMBER


def _words_of(text: str) -> Words:
    """Split into folded words, with digits of every script as ASCII and `nº 2` as `2`."""
    plain = unicodedata.normalize("NFKC", text.replace(_TEN, " 10 "))
    folded = fold("".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in plain)).split()
    return tuple(w for w, after in pairwise([*folded, ""]) if not (w in _NUMBER_SIGNS and after.isdigit()))


def _signs(text: str) -> Iterator[bool]:
    if any(sign in text for sign in _AGREEING):
        yield True
    if any(sign in text for sign in _REFUSING):
        yield False


def _named(name: Words, options: Sequence[Words]) -> list[int]:
    return [place for place, option in enumerate(options) if option == name]


def _only(found: Iterable[int]) -> int | None:
    several = list(found)
    return several[0] if len(several) == 1 else None


def _mentions(said: Words, options: Sequence[Words]) -> tuple[Words, list[Words]]:
    """Take the options' names out of the words; return the rest and the names. Longer names match first."""
    rest, found = said, []
    for name in sorted({option for option in options if option}, key=len, reverse=True):
        left = _replaced(rest, name, ("",))
        found += [name] if left != rest else []
        rest = left
    return tuple(word for word in rest if word), found


def _without(said: Words, phrases: Iterable[str]) -> Words:
    for phrase in phrases:
        said = _replaced(said, tuple(phrase.split()), ())
    return said


def _replaced(said: Words, part: Words, by: Words) -> Words:
    done: list[str] = []
    place = 0
    while place < len(said):
        is_here = said[place : place + len(part)] == part
        done += by if is_here else (said[place],)
        place += len(part) if is_here else 1
    return tuple(done)
