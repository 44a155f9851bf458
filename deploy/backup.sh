#!/usr/bin/env bash
# Back up the hub of docker-compose.yml, which may run meanwhile, into FOLDER (default: backups beside this project).
#   deploy/backup.sh [FOLDER]            for a daily crontab: 17 3 * * *  /srv/whatsapp_hub/deploy/backup.sh /srv/backups
# One file holds database, files and keys: keep it as you keep a password. Files of ours older than KEEP_DAYS go.
# Restore: docs/operations.md.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-backups}
keep_days=${KEEP_DAYS:-7}

umask 077
mkdir -p "$folder"
name="whatsapp-hub-$(date -u +%Y%m%dT%H%M%SZ).zip"
draft="$folder/.$name.$$.partial"
trap 'rm -f "$draft"' EXIT
# The login of `migrate` reads every tenant; that of the processes that serve does not. PostgreSQL alone must run.
docker compose run --rm --no-deps -T migrate backup - >"$draft"
sync "$draft"
mv -n "$draft" "$folder/$name"
find "$folder" -maxdepth 1 -type f ! -name "$name" -mtime "+$((keep_days - 1))" \
    -name 'whatsapp-hub-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z.zip' -delete
echo "$folder/$name"
