# What scripts/up and scripts/test share. Sourced, not run. Every function may be run again at any time.
set -euo pipefail

CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
LEAST_ASTERISK=22.10.1
ASTERISK_USER=vats

fail() { # what failed, what to do
    printf '\n%s: %s\n' "$(basename "$0")" "$1" >&2
    [ $# -lt 2 ] || printf '  What to do: %s\n' "$2" >&2
    exit 1
}

is_root() { [ "$(id -u)" = 0 ]; }

# Can Asterisk's user come as far as this folder?
reachable() { # existing folder
    is_root || return 0
    setpriv --reuid="$ASTERISK_USER" --regid="$ASTERISK_USER" --clear-groups test -x "$1"
}

# Makes the state folder; the default one is var/ in the checkout. Prints its real path.
state_folder() { # path, empty for the default
    local folder=${1:-$CHECKOUT/var} place
    # A checkout in root's own home cannot be reached by Asterisk's user: the state then lies where it can.
    if [ -z "$1" ] && [ ! -e "$folder" ] && ! reachable "$CHECKOUT"; then
        place=/var/lib/vats/$(printf '%s' "$CHECKOUT" | sha256sum | cut -c1-8)
        mkdir -p "$place"
        ln -sfn "$place" "$folder"
    fi
    mkdir -p "$folder" || fail "the state folder $folder cannot be made" "choose another place"
    folder=$(cd "$folder" && pwd -P)
    [ ! -O "$folder" ] || chmod o+x "$folder"
    reachable "$folder" || fail "Asterisk's user $ASTERISK_USER cannot reach $folder" \
        "choose a folder that others may pass through, for instance below /var/lib"
    printf '%s' "$folder"
}

# One installs at a time; a second one waits.
lock() { # state folder
    exec 9>"$1/.install.lock"
    flock -n 9 || { echo "  Another one is installing here, waiting for it" && flock 9; }
}

end_group() { # process group
    local tries
    kill -TERM -- "-$1" 2>/dev/null || true
    for tries in 1 2 3 4 5 6 7 8; do
        kill -0 -- "-$1" 2>/dev/null || return 0
        sleep 0.5
    done
    kill -KILL -- "-$1" 2>/dev/null || true
}

# Runs a command that may take long: one line with the seconds it has taken, its output in a log.
step() { # title, log, command...
    local title=$1 log=$2 began=$SECONDS pid code=0
    shift 2
    mkdir -p "$(dirname "$log")"
    # In a group of its own, all of which ends when we are told to.
    setsid "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    trap 'end_group "$pid"; exit 130' INT TERM HUP
    [ -t 1 ] || printf '  %s …\n' "$title"
    while kill -0 "$pid" 2>/dev/null; do
        [ ! -t 1 ] || printf '\r  %-58s %4d s' "$title" $((SECONDS - began))
        sleep 0.5
    done
    wait "$pid" || code=$?
    trap - INT TERM HUP
    [ ! -t 1 ] || printf '\r'
    if [ "$code" = 0 ]; then
        printf '  %-58s %4d s  done\n' "$title" $((SECONDS - began))
    else
        printf '  %-58s %4d s  failed\n' "$title" $((SECONDS - began))
        printf '  the end of %s:\n' "$log" >&2
        tail -n 8 "$log" | sed 's/^/    /' >&2
    fi
    return "$code"
}

# Packages of the host's own package manager, of which only the missing ones are installed.
need_packages() { # packages...
    local missing=() package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    is_root || fail "these packages are missing: ${missing[*]}" \
        "run as root: apt-get install ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    step "Looking what packages there are" "$LOGS/apt-update.log" apt-get update ||
        fail "the package lists cannot be read" "see $LOGS/apt-update.log; is the network there?"
    step "Installing ${#missing[@]} packages" "$LOGS/apt-install.log" \
        apt-get install -y --no-install-recommends "${missing[@]}" ||
        fail "these packages cannot be installed: ${missing[*]}" "see $LOGS/apt-install.log; then run this again"
}

# The system's own Python where it is new enough, else the first in PATH.
find_python() {
    local python
    for python in /usr/bin/python3 "$(command -v python3 || true)"; do
        if [ -x "$python" ] && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null &&
            "$python" -c 'import venv, ensurepip' 2>/dev/null; then
            printf '%s' "$python"
            return
        fi
    done
    fail "no Python 3.11 or newer with venv is here" "install python3 (3.11 or newer) and python3-venv"
}

# A virtual environment with exactly what the lists say; nothing is done when that has been done.
make_environment() { # folder, list...
    local venv=$1 python wanted
    shift
    wanted=$(cd "$CHECKOUT" && cat pyproject.toml "$@" scripts/install.sh | sha256sum)$CHECKOUT
    [ "$(cat "$venv/.done" 2>/dev/null)" != "$wanted" ] || return 0
    python=$(find_python)
    rm -f "$venv/.done"
    [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 ||
        step "Making the Python environment" "$LOGS/venv.log" "$python" -m venv --clear "$venv" ||
        fail "no Python environment can be made in $venv" "see $LOGS/venv.log; is python3-venv installed?"
    local list lists=()
    for list in "$@"; do lists+=(-r "$CHECKOUT/$list"); done
    step "Installing Python packages" "$LOGS/pip.log" \
        "$venv/bin/python" -m pip install --disable-pip-version-check --require-hashes "${lists[@]}" ||
        fail "Python packages cannot be installed" "see $LOGS/pip.log; is the network there? Then run this again"
    step "Installing the project itself" "$LOGS/pip-project.log" \
        "$venv/bin/python" -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e "$CHECKOUT" ||
        fail "the project cannot be installed" "see $LOGS/pip-project.log"
    printf '%s' "$wanted" >"$venv/.done"
}

# Sets VATS_ASTERISK_ROOT: a root folder that holds Asterisk, or / for the host's own.
install_asterisk() { # root folder to make
    local root=$1 candidate
    if [ -n "${VATS_ASTERISK_ROOT:-}" ]; then
        [ -x "$VATS_ASTERISK_ROOT/usr/sbin/asterisk" ] ||
            fail "VATS_ASTERISK_ROOT is $VATS_ASTERISK_ROOT, but there is no usr/sbin/asterisk in it" \
                "unset it, so that Asterisk is installed"
        return
    fi
    if [ -x "$root/usr/sbin/asterisk" ]; then
        export VATS_ASTERISK_ROOT=$root
        return
    fi
    candidate=$(apt-cache policy asterisk 2>/dev/null | sed -n 's/^ *Candidate: *//p')
    # The epoch is the distribution's, not Asterisk's.
    candidate=${candidate#*:}
    if [ -n "$candidate" ] && [ "$candidate" != "(none)" ] && dpkg --compare-versions "$candidate" ge "$LEAST_ASTERISK"; then
        need_packages asterisk asterisk-modules asterisk-core-sounds-ru-wav asterisk-core-sounds-en-wav \
            asterisk-moh-opsound-wav
        export VATS_ASTERISK_ROOT=/
        return
    fi
    make_root_folder "$root"
    export VATS_ASTERISK_ROOT=$root
}

# Made beside its place and renamed, so that what is there is whole.
make_root_folder() { # root folder
    local root=$1 part=$1.part options=() packages speech
    # Nothing in there needs another's rights, and nobody outside should get them by it.
    local strip='--customize-hook=find "$1" -xdev -type f -perm /6000 -exec chmod a-s {} +'
    is_root || fail "Asterisk $LEAST_ASTERISK is not here, and only root can install it" \
        "run scripts/up once as root, or set VATS_ASTERISK_ROOT to a folder that holds it"
    need_packages mmdebstrap debian-archive-keyring ca-certificates
    if [ "$(apt-config dump Acquire::Check-Valid-Until | sed -n 's/.*"\(.*\)".*/\1/p')" = false ]; then
        # The host's administrator has allowed old package lists; so may the root folder's apt.
        options+=(--aptopt='Acquire::Check-Valid-Until "false"')
    fi
    packages=asterisk,asterisk-modules,asterisk-core-sounds-ru-wav,asterisk-core-sounds-en-wav,asterisk-moh-opsound-wav
    speech=rhvoice,rhvoice-russian
    rm -rf --one-file-system "$part"
    if ! step "Installing Asterisk and Russian speech, 450 MB" "$LOGS/asterisk.log" \
        mmdebstrap --variant=minbase "${options[@]}" "$strip" --components=main,non-free \
        --include="$packages,$speech" sid "$part"; then
        echo "  Without RHVoice, then: prompts are spoken by espeak-ng"
        rm -rf --one-file-system "$part"
        step "Installing Asterisk, 410 MB" "$LOGS/asterisk.log" \
            mmdebstrap --variant=minbase "${options[@]}" "$strip" --include="$packages" sid "$part" ||
            fail "Asterisk cannot be installed into $root" "see $LOGS/asterisk.log; is the network there? Then run this again"
    fi
    # Without its name in there every call would wait for a name server.
    printf '127.0.0.1 localhost %s\n' "$(uname -n)" >"$part/etc/hosts"
    chmod 755 "$part"
    mv -T "$part" "$root"
}

# Asterisk runs as a user that may do nothing else.
make_user() {
    is_root || return 0
    id "$ASTERISK_USER" >/dev/null 2>&1 ||
        useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$ASTERISK_USER" ||
        fail "the user $ASTERISK_USER cannot be made" "see the message above"
}
