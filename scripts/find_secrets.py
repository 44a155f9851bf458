"""Find real credentials in the files that git tracks: keys and tokens by their issuers' formats.

Invented ones in tests have none of these formats; a line that must contain one says `pragma: allowlist secret`."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

FORMS = (
    *(
        "AWSKeyDetector",
        "ArtifactoryDetector",
        "AzureStorageKeyDetector",
        "CloudantDetector",
        "DiscordBotTokenDetector",
    ),
    *("GitHubTokenDetector", "GitLabTokenDetector", "IbmCloudIamDetector", "IbmCosHmacDetector", "JwtTokenDetector"),
    *("MailchimpDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector"),
    *("SendGridDetector", "SlackDetector", "SoftlayerDetector", "SquareOAuthDetector", "StripeDetector"),
    *("TelegramBotTokenDetector", "TwilioKeyDetector"),
)
"""Formats alone: detectors by keyword (`password = …`) and by entropy find nothing here but examples."""


def found_in(files: list[Path]) -> Iterator[str]:
    """Yield `file:line: kind` of each; never the secret itself."""
    secrets = SecretsCollection()
    settings = {
        "plugins_used": [{"name": name} for name in FORMS],
        "filters_used": [{"path": "detect_secrets.filters.allowlist.is_line_allowlisted"}],
    }
    with transient_settings(settings):
        for file in files:
            secrets.scan_file(str(file))
        for name, secret in secrets:
            yield f"{name}:{secret.line_number}: {secret.type}"


def known_to_git() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := Path(name)).is_file()]


def main() -> int:
    found = list(found_in(known_to_git()))
    print("\n".join(found) or "no secrets found")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
