#!/bin/sh
# Installs and starts servers that nobody here wrote, for the tests in tests/live:
#
#   eval "$(.ci/servers.sh start DIR | sed 's/^/export /')"    starts them, prints NAME=VALUE lines
#   .ci/servers.sh stop DIR                                     ends them
#
# WordPress and MariaDB come from the packages of the Debian release it runs on, snac2 (a server
# with the Mastodon API) is built from the source package of Debian trixie, Isso (a server of
# comments) comes from PyPI as .ci/isso.lock pins it. All of them listen on 127.0.0.1 only, on ports
# that the system chooses; all data is in DIR. What it says to people goes to standard error.
set -eu

WORDPRESS_USER=editor
WORDPRESS_PASSWORD=live-test-only
SNAC_USER=passenger

say() { echo "servers: $*" >&2; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_for NAME COMMAND...: until the command succeeds; gives up after 30 s
wait_for() {
    name=$1
    shift
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 300 ]; then
            say "$name did not start; its log is in $DIR"
            exit 1
        fi
        sleep 0.1
    done
}

# The process of a background job, by which `stop` will know it.
remember() { echo "$!" >>"$DIR/pids"; }

install_packages() {
    say "installing Debian packages"
    as_root apt-get update -qq >"$DIR/apt.log" 2>&1
    # The -core packages hold the programs alone: no service is set up or started.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        gcc make libc6-dev python3-dev python3-venv libcurl4-openssl-dev libssl-dev xz-utils dpkg-dev curl \
        mariadb-server-core mariadb-client-core php-cli php-mysql php-xml \
        >>"$DIR/apt.log" 2>&1
}

start_wordpress() {
    say "starting WordPress"
    (cd "$DIR" && apt-get download -qq wordpress >>apt.log 2>&1 && dpkg-deb -x wordpress_*.deb unpacked)
    site=$DIR/unpacked/usr/share/wordpress
    sql=$DIR/db.sock
    mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$DIR/db" \
        --auth-root-authentication-method=normal >"$DIR/mariadb.log" 2>&1
    mariadbd --no-defaults --user="$(id -un)" --datadir="$DIR/db" --socket="$sql" \
        --pid-file="$DIR/db.pid" --skip-networking >>"$DIR/mariadb.log" 2>&1 &
    remember
    wait_for MariaDB mariadb --no-defaults --socket="$sql" -uroot -e 'SELECT 1'
    mariadb --no-defaults --socket="$sql" -uroot -e 'CREATE DATABASE wordpress CHARACTER SET utf8mb4'

    port=$(free_port)
    cat >"$site/wp-config.php" <<PHP
<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:$sql');
define('DB_CHARSET', 'utf8mb4');
define('WP_SITEURL', 'http://127.0.0.1:$port');
define('WP_HOME', 'http://127.0.0.1:$port');
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
\$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
PHP
    cat >"$DIR/install.php" <<PHP
<?php
define('WP_INSTALLING', true);
\$_SERVER['HTTP_HOST'] = '127.0.0.1:$port';
require '$site/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
function wp_new_blog_notification() {}
wp_install('Live test', '$WORDPRESS_USER', 'editor@example.org', true, '', '$WORDPRESS_PASSWORD');
update_option('comment_moderation', 0);
update_option('comment_previously_approved', 0);
PHP
    php -d display_errors=0 "$DIR/install.php" >"$DIR/wordpress.log" 2>&1
    php -d display_errors=0 -S "127.0.0.1:$port" -t "$site" >>"$DIR/wordpress.log" 2>&1 &
    remember
    wait_for WordPress curl -fsS --noproxy '*' "http://127.0.0.1:$port/?feed=rss2"
    echo "SPARKWATCH_LIVE_WORDPRESS=http://127.0.0.1:$port"
    echo "SPARKWATCH_LIVE_WORDPRESS_USER=$WORDPRESS_USER"
    echo "SPARKWATCH_LIVE_WORDPRESS_PASSWORD=$WORDPRESS_PASSWORD"
}

start_snac() {
    say "building and starting snac2"
    mkdir -p "$DIR/src/lists/partial" "$DIR/src/cache/archives/partial"
    # The mirror that this machine takes its own packages from.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1)
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" \
        >"$DIR/src/sources.list"
    (
        cd "$DIR/src"
        set -- -qq -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=- \
            -o Dir::State::lists="$PWD/lists" -o Dir::Cache="$PWD/cache" \
            -o APT::Sandbox::User="$(id -un)"
        apt-get "$@" update
        apt-get "$@" source --download-only snac2
        mkdir snac
        tar -xf snac2_*.orig.tar.* -C snac --strip-components=1
        make -C snac
    ) >"$DIR/snac-build.log" 2>&1
    snac=$DIR/src/snac/snac
    port=$(free_port)
    printf '127.0.0.1\n%s\n127.0.0.1:%s\n\n\n' "$port" "$port" | "$snac" init "$DIR/snac" >"$DIR/snac.log"
    sed -i 's/"protocol": *"https"/"protocol": "http"/' "$DIR/snac/server.json"
    password=$("$snac" adduser "$DIR/snac" "$SNAC_USER" | sed -n 's/.*password is *//p')
    "$snac" httpd "$DIR/snac" >>"$DIR/snac.log" 2>&1 &
    remember
    wait_for snac curl -fsS --noproxy '*' "http://127.0.0.1:$port/api/v1/instance"
    token=$(curl -fsS --noproxy '*' --data-urlencode "login=$SNAC_USER" \
        --data-urlencode "passwd=$password" "http://127.0.0.1:$port/oauth/x-snac-get-token")
    echo "SPARKWATCH_LIVE_SNAC=http://127.0.0.1:$port"
    echo "SPARKWATCH_LIVE_SNAC_USER=$SNAC_USER"
    echo "SPARKWATCH_LIVE_SNAC_TOKEN=$token"
}

start_isso() {
    say "installing and starting Isso"
    python3 -m venv "$DIR/isso" >"$DIR/isso-install.log"
    "$DIR/isso/bin/python" -m pip install -r "$HERE/isso.lock" >>"$DIR/isso-install.log" 2>&1
    port=$(free_port)
    cat >"$DIR/isso.cfg" <<CFG
[general]
dbpath = $DIR/isso.db
host = http://127.0.0.1:$port
latest-enabled = true
[server]
listen = http://127.0.0.1:$port
[guard]
enabled = false
[rss]
base = http://127.0.0.1:$port
CFG
    TZ=UTC "$DIR/isso/bin/isso" -c "$DIR/isso.cfg" run >"$DIR/isso.log" 2>&1 &
    remember
    wait_for Isso curl -fsS --noproxy '*' "http://127.0.0.1:$port/latest?limit=1"
    echo "SPARKWATCH_LIVE_ISSO=http://127.0.0.1:$port"
}

stop() {
    [ -f "$DIR/pids" ] || return 0
    while read -r pid; do
        kill "$pid" 2>/dev/null || say "process $pid had already ended"
    done <"$DIR/pids"
    rm "$DIR/pids"
}

usage() {
    echo "usage: $0 start DIR | stop DIR" >&2
    exit 2
}

[ $# = 2 ] || usage
mkdir -p "$2"
DIR=$(cd "$2" && pwd)
HERE=$(cd "$(dirname "$0")" && pwd)
case $1 in
start)
    if [ -f "$DIR/pids" ]; then
        say "$DIR is in use: stop its servers first"
        exit 1
    fi
    : >"$DIR/pids"
    trap stop EXIT # whatever goes wrong, nothing stays behind
    install_packages
    start_wordpress
    start_snac
    start_isso
    trap - EXIT
    ;;
stop) stop ;;
*) usage ;;
esac
