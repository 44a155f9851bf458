"""The list of common passwords comes with the package: nothing is asked of anybody."""

from whatsapp_hub.adapters.security.common_passwords import ListedPasswords


async def test_the_list_has_what_people_choose_and_is_folded() -> None:
    listed = await ListedPasswords().all()
    assert len(listed) >= 30_000
    assert {"password", "iloveyou", "qwertyuiop", "1qaz2wsx3edc"} <= set(listed)
    assert all(word == word.casefold() for word in listed)
    assert "correct horse battery" not in listed
