#!/usr/bin/env bash
# A private PostgreSQL for the tests: on a free port of 127.0.0.1, in a folder of its own.
#
#   .ci/postgres.sh start DIR    installs the server if it is missing, starts it, prints its URL
#   .ci/postgres.sh stop DIR     stops it and removes the folder
#
# Nothing in it is worth keeping, so it does not wait for the disk (fsync=off).
set -euo pipefail

usage() { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# -eq 2 ] || usage
command=$1
folder=$(realpath -m "$2")

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# The server refuses to run as root; Debian's package brings a user for it.
as_server() { if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@"); else "$@"; fi; }

find_binaries() {
  local newest
  newest=$(printf '%s\n' /usr/lib/postgresql/*/bin/pg_ctl | sort -V | tail -n 1)
  if [ -x "$newest" ]; then dirname "$newest"
  elif command -v pg_ctl >/dev/null; then dirname "$(command -v pg_ctl)"
  else return 1
  fi
}

install_server() {
  command -v apt-get >/dev/null || { echo "PostgreSQL is missing and there is no apt-get: install it and run this again" >&2; exit 1; }
  echo "installing PostgreSQL ..." >&2
  {
    as_root apt-get update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y postgresql-common
    # The package would otherwise start a server of its own.
    as_root sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y postgresql
  } >&2
}

start() {
  local binaries port password
  binaries=$(find_binaries) || { install_server; binaries=$(find_binaries); }
  if [ -e "$folder/data" ]; then
    echo "$folder already holds a server: stop it first, or name another folder" >&2; exit 1
  fi
  mkdir -p "$folder"
  password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
  printf '%s\n' "$password" > "$folder/password"
  [ "$(id -u)" != 0 ] || chown -R postgres "$folder"
  as_server "$binaries/initdb" --pgdata="$folder/data" --username=sparkwatch --encoding=UTF8 \
    --locale=C.UTF-8 --auth=scram-sha-256 --pwfile="$folder/password" --no-sync >/dev/null
  for _ in 1 2 3 4 5; do
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    if as_server "$binaries/pg_ctl" --pgdata="$folder/data" --log="$folder/log" --wait --silent start \
      --options="-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='$folder' -c fsync=off -c max_connections=50"
    then
      echo "postgresql+psycopg://sparkwatch:$password@127.0.0.1:$port/postgres"
      return
    fi
  done
  echo "PostgreSQL did not start; its log is $folder/log" >&2; exit 1
}

stop() {
  local binaries
  [ -e "$folder/data/PG_VERSION" ] || { echo "$folder holds no server" >&2; exit 1; }
  binaries=$(find_binaries)
  if [ -e "$folder/data/postmaster.pid" ]; then
    as_server "$binaries/pg_ctl" --pgdata="$folder/data" --mode=immediate --wait --silent stop
  fi
  rm -rf "$folder/data" "$folder/log" "$folder/password"
  rmdir --ignore-fail-on-non-empty "$folder"
}

case $command in
  start) start ;;
  stop) stop ;;
  *) usage ;;
esac
