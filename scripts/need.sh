#!/usr/bin/env bash
# need.sh PROGRAM=PACKAGE …: installs the Debian packages of programs that
# are missing. Programs of PostgreSQL are looked for in its own folder too.
set -euo pipefail
missing=()
for pair in "$@"; do
	program=${pair%%=*} package=${pair#*=}
	command -v "$program" >/dev/null && continue
	compgen -G "/usr/lib/postgresql/*/bin/$program" >/dev/null && continue
	missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
command -v apt-get >/dev/null || {
	echo "Please install: ${missing[*]}" >&2
	exit 1
}
sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo
echo "Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
$sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
