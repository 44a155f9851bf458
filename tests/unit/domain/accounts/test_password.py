"""New passwords: by length, and not among the first that anybody would guess."""

import pytest

from whatsapp_hub.domain.accounts.password import MAX_LENGTH, MIN_LENGTH, check_new
from whatsapp_hub.domain.errors import Invalid

COMMON = {"password", "iloveyou", "qwertyuiop", "1qaz2wsx3edc", "leavemealone"}
OWN = ("ana.souza@acme.example", "Ana Souza", "Padaria São João 24h")


def reason(password: str) -> str:
    with pytest.raises(Invalid) as refused:
        check_new(password, COMMON, OWN)
    [flaw] = refused.value.flaws
    assert flaw.pointer == "/password"
    return flaw.reason


@pytest.mark.parametrize("password", ["", "a" * (MIN_LENGTH - 1), "k7#pQ2mVx9L", "x" * (MAX_LENGTH + 1)])
def test_its_length_is_from_12_to_256(password: str) -> None:
    assert reason(password) == "must have 12 to 256 characters"


@pytest.mark.parametrize(
    "password", ["aaaaaaaaaaaaaaaa", "abcabcabcabc", "Passwordpassword", "123456789012", "lkjihgfedcba"]
)
def test_a_few_characters_over_and_over_are_refused(password: str) -> None:
    assert "sequence or a repetition" in reason(password)


@pytest.mark.parametrize(
    "password",
    [
        "LeaveMeAlone",
        "leave me alone",
        "1QAZ2wsx3edc",
        "Password1234",
        "!!ILoveYou2024",
        "p@$$w0rd1234",
        "qwertyuiop12",
    ],
)
def test_a_common_one_is_refused_dressed_up_too(password: str) -> None:
    assert "most common" in reason(password)


@pytest.mark.parametrize(
    "password",
    [
        "ana.souza@acme.example",
        "Ana.Souza2024",
        "acme.example!",
        "anasouza1234",
        "Padaria São João 24h",
        "padariasãojoão24h!",
    ],
)
def test_the_persons_own_words_are_refused(password: str) -> None:
    assert "the e-mail address, the name or the company's name" in reason(password)


@pytest.mark.parametrize("name", ["ana", "ana2024", "ana123456", "ana1234567"])
def test_a_name_may_end_in_digits_itself(name: str) -> None:
    own = f"{name}@shop{name}.example"
    with pytest.raises(Invalid, match="the e-mail address"):
        check_new(f"shop{name}.example1!", COMMON, [own])
    if len(name) >= 10:
        with pytest.raises(Invalid, match="the e-mail address"):
            check_new(f"{name}1!", COMMON, [own])
    check_new(f"{name}and others", COMMON, [own])


@pytest.mark.parametrize(
    "password",
    [
        "a long enough password",
        "correct horse battery",
        "k7#pQ2mVx9Lw",
        "passwords are for others",
        "Password 83 51 97 20",
        "çãéíõúâêôàüñ",
        "😀😃😄😁😆😅🤣😂🙂🙃😉😊",
        "correcthorse" * 2,
        "x y" * 5 + " and so on",
    ],
)
def test_any_other_is_taken_whatever_characters_it_has(password: str) -> None:
    check_new(password, COMMON, OWN)


@pytest.mark.parametrize("password", ["a long\x00 password of words", "a long\udcff password of words"])
def test_what_no_text_can_hold_is_refused(password: str) -> None:
    with pytest.raises(Invalid, match="NUL or lone surrogates"):
        check_new(password, frozenset())
