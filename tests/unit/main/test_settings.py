from __future__ import annotations

import re
from pathlib import Path

import pytest

from whatsapp_hub.main.setting_values import SettingsError
from whatsapp_hub.main.settings import Settings, secrets_in

EXTERNAL = {"DATABASE_URL": "postgresql://hub@db/hub", "REDIS_URL": "redis://cache"}


def read(**environ: str) -> Settings:
    return Settings.from_environment(environ)


def test_nothing_set_means_embedded_on_the_loopback() -> None:
    settings = read()
    assert settings.embedded
    assert (settings.host, settings.port) == ("127.0.0.1", 4000)
    assert settings.data_dir == Path(".hub").resolve()


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read(DATABASE_URL="", PORT="").embedded


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "99999"),
        ("MEDIA_SCANNER", "http://127.0.0.1:1344/avscan"),
        ("PORT", "four"),
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "postgresql://hub:p/w@host/db"),
        ("REDIS_URL", "redis://cache/first"),
        ("WHATSAPP_PROVIDER", "TELEGRAM"),
        ("JWT_EXPIRATION", "a week"),
        ("SANDBOX_ENABLED", "perhaps"),
        ("HUB_ADMIN_EMAIL", "nobody"),
    ],
)
def test_a_bad_value_gives_one_line_that_begins_with_the_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name}: ") as caught:
        read(**{name: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("OIDC_ISSUER", {"OIDC_CLIENT_ID": "hub"}),
        ("OIDC_ISSUER", {"OIDC_CLIENT_ID": "hub", "OIDC_ISSUER": "http://id.example.com"}),
        ("OIDC_ISSUER", {"OIDC_CLIENT_ID": "hub", "OIDC_ISSUER": "https://id.example.com/?realm=a"}),
        ("OIDC_CLIENT_ID", {"OIDC_ISSUER": "https://id.example.com"}),
        ("OIDC_SCOPES", {"OIDC_ISSUER": "https://id.example.com", "OIDC_CLIENT_ID": "hub", "OIDC_SCOPES": "email"}),
        ("FRONTEND_URL", {"OIDC_ISSUER": "https://id.example.com", "OIDC_CLIENT_ID": "hub"}),
        ("FRONTEND_URL", {"OIDC_ISSUER": "https://id.example.com", "OIDC_CLIENT_ID": "hub", "FRONTEND_URL": "*"}),
    ],
)
def test_an_openid_provider_that_cannot_work_is_refused_by_name(name: str, given: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=rf"^{name}: "):
        read(**given)


def test_the_openid_providers_secret_is_kept_out_of_logs() -> None:
    given = {"OIDC_ISSUER": "https://id.example.com", "OIDC_CLIENT_ID": "hub", "OIDC_CLIENT_SECRET": "hush hush"}
    assert "hush hush" in secrets_in(read(FRONTEND_URL="https://desk.example.com", **given))


@pytest.mark.parametrize(("text", "seconds"), [("7d", 604_800), ("12h", 43_200), ("30m", 1_800), ("90", 90)])
def test_the_token_lifetime_is_read_as_people_write_it(text: str, seconds: int) -> None:
    assert read(JWT_EXPIRATION=text).jwt_expiration == seconds


def test_a_plugin_of_ones_own_may_be_the_usual_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path("tests/fakes/held").resolve()))
    assert read(WHATSAPP_PROVIDER="pigeon").whatsapp_provider == "PIGEON"


def test_a_redis_address_may_come_in_parts() -> None:
    url = read(REDIS_HOST="cache", REDIS_PORT="6380", REDIS_PASSWORD="p@ss").redis_url
    assert url == "redis://:p%40ss@cache:6380/0"
    assert read(REDIS_HOST="::1").redis_url == "redis://[::1]:6379/0"
    with pytest.raises(SettingsError, match=r"^REDIS_PORT: "):
        read(REDIS_HOST="cache", REDIS_PORT="first")


def test_the_lower_of_the_two_session_limits_wins() -> None:
    assert read(MAX_INSTANCES="80", WHATSAPP_MAX_SESSIONS="5").sessions_per_connector == 5
    assert read(MAX_INSTANCES="3", WHATSAPP_MAX_SESSIONS="5").sessions_per_connector == 3


def test_the_life_of_a_session_follows_contract_b() -> None:
    usual = read().reconnect_policy
    assert (usual.pairing.total_seconds(), usual.code.total_seconds(), usual.attempts) == (300, 60, 3)
    given = {"WHATSAPP_SESSION_TIMEOUT": "9000", "WHATSAPP_QR_TIMEOUT": "20000", "WHATSAPP_RECONNECT_ATTEMPTS": "0"}
    rules = read(**given).reconnect_policy
    assert (rules.pairing.total_seconds(), rules.code.total_seconds(), rules.attempts) == (9, 20, 0)
    assert (read().max_instances, read().staggered_boot_delay_ms, read().whatsapp_provider) == (80, 500, "NEONIZE")


def test_secrets_are_obligatory_with_a_database_of_ones_own() -> None:
    with pytest.raises(SettingsError, match=r"^HUB_SECRET_KEY and JWT_SECRET: obligatory"):
        read(**EXTERNAL).completed()


def test_embedded_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    first = read(HUB_DATA_DIR=str(tmp_path)).completed()
    again = read(HUB_DATA_DIR=str(tmp_path)).completed()
    assert first == again
    assert first.hub_secret_key != first.jwt_secret
    for name in ("HUB_SECRET_KEY", "JWT_SECRET"):
        assert (tmp_path / "secrets" / name).stat().st_mode & 0o777 == 0o600


def test_a_given_secret_is_used_and_not_stored(tmp_path: Path) -> None:
    settings = read(HUB_DATA_DIR=str(tmp_path), JWT_SECRET="x" * 32).completed()
    assert settings.jwt_secret == "x" * 32
    assert not (tmp_path / "secrets" / "JWT_SECRET").exists()


def test_children_receive_what_the_hub_made() -> None:
    settings = read(**EXTERNAL, HUB_SECRET_KEY="k" * 32, JWT_SECRET="j" * 32)
    assert settings.for_children() == EXTERNAL | {"HUB_SECRET_KEY": "k" * 32, "JWT_SECRET": "j" * 32}


def test_every_variable_is_explained_in_the_example() -> None:
    example = re.findall(r"^(\w+)=", Path(".env.example").read_text(), re.MULTILINE)
    names = [field.upper() for field in Settings.__struct_fields__]
    assert [name for name in example if name in names] == names


def test_the_example_shows_each_default() -> None:
    example = re.findall(r"^(\w+)=(.+)$", Path(".env.example").read_text(), re.MULTILINE)
    assert Settings.from_environment(dict(example)) == Settings()


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:4000"),
        ({"HOST": "0.0.0.0", "PORT": "4411"}, "http://127.0.0.1:4411"),
        ({"HOST": "::1"}, "http://[::1]:4000"),
        ({"HOST": "0.0.0.0", "HUB_PUBLIC_URL": "https://hub.example.com/desk/"}, "https://hub.example.com/desk"),
    ],
)
def test_links_are_built_on_the_public_address_or_on_host_and_port(environ: dict[str, str], url: str) -> None:
    assert read(**environ).public_url == url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:4000"),
        ("0.0.0.0", "http://127.0.0.1:4000"),
        ("::", "http://[::1]:4000"),
        ("10.0.0.7", "http://10.0.0.7:4000"),
    ],
)
def test_this_machine_reaches_a_hub_that_listens_everywhere_by_its_loopback(host: str, url: str) -> None:
    assert read(HOST=host, HUB_PUBLIC_URL="https://hub.example.com").local_url == url


def test_trusted_proxies_that_are_no_addresses_are_named() -> None:
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES: nginx is neither an address nor a network"):
        Settings.from_environment({"TRUSTED_PROXIES": "10.0.0.1, nginx"})


def test_a_short_jwt_secret_of_development_is_taken_when_embedded_and_never_signs_as_it_is(tmp_path: Path) -> None:
    first = read(HUB_DATA_DIR=str(tmp_path), JWT_SECRET="secret").completed()
    assert first.jwt_secret is not None
    assert len(first.jwt_secret) >= 32
    assert first == read(HUB_DATA_DIR=str(tmp_path), JWT_SECRET="secret").completed()
    others = (
        read(HUB_DATA_DIR=str(tmp_path), JWT_SECRET="other"),
        read(HUB_DATA_DIR=str(tmp_path / "elsewhere"), JWT_SECRET="secret"),
    )
    for other in others:
        assert other.completed().jwt_secret != first.jwt_secret
    with pytest.raises(SettingsError, match=r"^JWT_SECRET: expected at least 16 characters"):
        read(**EXTERNAL, HUB_SECRET_KEY="k" * 32, JWT_SECRET="secret").completed()


def test_old_secrets_are_read_from_a_list() -> None:
    settings = read(HUB_SECRET_KEY_OLD="a" * 32 + ", " + "b" * 32, JWT_SECRET_OLD="one,of,commas-of-16-characters")
    assert settings.old_secret_keys[:2] == ("a" * 32, "b" * 32)
    assert settings.old_jwt_secrets[-1] == "one,of,commas-of-16-characters"
    assert read().old_secret_keys == ()


def test_a_key_that_comes_to_be_given_leaves_the_data_folders_own_beside_it(tmp_path: Path) -> None:
    kept = read(HUB_DATA_DIR=str(tmp_path)).completed()
    given = read(HUB_DATA_DIR=str(tmp_path), HUB_SECRET_KEY="k" * 32).completed()
    assert (given.hub_secret_key, given.old_secret_keys) == ("k" * 32, (kept.hub_secret_key,))
    assert given.for_children()["HUB_SECRET_KEY_OLD"] == kept.hub_secret_key


def test_nobody_is_signed_out_by_another_key_where_the_jwt_secret_is_mixed_with_it(tmp_path: Path) -> None:
    before = read(HUB_DATA_DIR=str(tmp_path), HUB_SECRET_KEY="o" * 32, JWT_SECRET="secret").completed()
    both = {"HUB_SECRET_KEY": "n" * 32, "HUB_SECRET_KEY_OLD": "o" * 32, "JWT_SECRET": "secret"}
    after = read(HUB_DATA_DIR=str(tmp_path), **both).completed()
    assert after.jwt_secret != before.jwt_secret
    assert before.jwt_secret in after.old_jwt_secrets


def test_a_frontend_is_an_address_or_everybodys() -> None:
    for url in ("https://desk.example", "http://localhost:3000", "*"):
        assert read(FRONTEND_URL=url).frontend_url == url
    with pytest.raises(SettingsError, match=r"^FRONTEND_URL: "):
        read(FRONTEND_URL="desk.example")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("WHATSAPP_API_VERSION", "23", "expected a version such as v23.0"),
        ("HUB_ADMIN_EMAIL", "me", "expected an e-mail address"),
        ("HUB_PUBLIC_URL", "hub.example.com", "expected an address such as https://hub.example.com"),
    ],
)
def test_a_refusal_shows_what_a_value_looks_like_not_a_pattern(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({name: value})
    assert str(refused.value) == f"{name}: {says}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JWT_EXPIRATION", "9999999999999999999d"),
        ("EVENTS_RETENTION_DAYS", "99999999999"),
        ("MESSAGES_RETENTION_DAYS", "36501"),
        ("WHATSAPP_WARMUP_DAYS", "99999999999"),
        ("WHATSAPP_SESSION_TIMEOUT", "99999999999999999999"),
        ("WHATSAPP_IDLE_TIMEOUT", "1000000000001"),
    ],
)
def test_no_time_is_too_long_to_be_reckoned_with(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: expected"):
        Settings.from_environment({name: value})
