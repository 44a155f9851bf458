#!/usr/bin/env bash
# Put the version in this folder into service on docker-compose.yml: build, back up, migrate, replace one process after the
# other, check each; where one does not become healthy, go back to the image before.
#   deploy/deploy.sh [--no-backup]
# The database is migrated forward only. Migrations leave what the version before reads, so that going back needs no
# restore; where release notes say otherwise, restore the backup that this script made first.
set -euo pipefail
cd "$(dirname "$0")/.."
image=whatsapp-hub
patience_s=${DEPLOY_PATIENCE_S:-120}

[ -f .env ] || { echo "deploy: there is no .env; copy .env.example and fill it in" >&2; exit 1; }

say() { echo "deploy: $*"; }

# The address that customers use: through nginx, to any API process.
healthy() {
    docker compose exec -T "$1" python -c \
        'import urllib.request as r; r.urlopen("http://127.0.0.1:4000/health", timeout=3)' >/dev/null 2>&1
}

running() { [ "$(docker compose ps --status running --quiet "$1" | wc -l)" -gt 0 ]; }

# Replace a service's containers and wait until they work. An API process answers /health; the others must still run when
# they have had the time to end on a mistake.
replace() {
    docker compose up --detach --no-deps --force-recreate "$1" || return 1
    local end=$((SECONDS + patience_s)) steady=0
    while [ "$SECONDS" -lt "$end" ]; do
        case $1 in
        api-*) healthy "$1" && return 0 ;;
        *) if running "$1"; then steady=$((steady + 1)); else steady=0; fi; [ "$steady" -ge 5 ] && return 0 ;;
        esac
        sleep "${DEPLOY_LOOK_S:-1}"
    done
    return 1
}

replace_all() {
    local service
    for service in worker connector api-1 api-2; do
        say "$service"
        replace "$service" || { say "$service does not become healthy"; return 1; }
    done
}

# Before anything was replaced: a later `up` must not start the new version unasked.
give_up() {
    [ -z "$before" ] || docker tag "$before" "$image"
    say "$1" >&2
    exit 1
}

roll_back() {
    docker compose logs --tail 30 worker connector api-1 api-2 >&2 || true
    if [ -z "$before" ]; then
        say "there is no image before this one to go back to" >&2
        exit 1
    fi
    say "going back to $before" >&2
    docker tag "$before" "$image"
    replace_all || say "the version before is not healthy either" >&2
    exit 1
}

before=$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null || true)
say "building"
docker compose build
docker compose up --detach --wait postgres valkey || give_up "the databases do not become healthy"
if running worker && [ "${1:-}" != --no-backup ]; then
    say "backing up"
    deploy/backup.sh || give_up "no backup, no deployment (or say --no-backup)"
fi
say "migrating"
docker compose run --rm migrate || give_up "the database cannot be migrated; the version before serves on"
docker compose run --rm --no-deps login || give_up "the login of the processes cannot be made; the version before serves on"
replace_all || roll_back
docker compose up --detach --no-deps nginx
docker compose exec -T nginx nginx -c /etc/hub/nginx.conf -s reload
say "healthy"
