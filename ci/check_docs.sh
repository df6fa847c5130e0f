#!/bin/bash
# Fails if the documentation lacks something: a heading for each function, each
# argument and each setting somewhere in the reference, a target for each link.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
complain() {
	echo "$*"
	status=1
}

# The functions of the install script, but those that only the server calls.
functions=$(sed -nE 's/^CREATE FUNCTION (etl_[a-z_]+)\(.*/\1/p' sql/install/*.sql |
	grep -v '_support$' | sort -u)
for name in $functions; do
	grep -qx "## $name" docs/reference/*.md ||
		complain "docs/reference: no heading \"## $name\""
done

arguments=$(sed -nE 's/^\t([a-z_]+) [a-z]+.*,$/\1/p' sql/install/1*.sql | sort -u)
settings=$(grep -ohE '"pg_etl\.[a-z_]+"' src/guc.c | tr -d '"' | sort -u)
for name in $arguments $settings; do
	grep -qE "[\`( ]$name[\` ]" docs/reference/*.md ||
		complain "docs/reference: nothing about \"$name\""
done

# anchor HEADING  As it stands in a link.
anchor() {
	tr '[:upper:]' '[:lower:]' <<<"$1" | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}
while IFS=: read -r file link; do
	path=${link%%#*}
	target=$file
	[ -z "$path" ] || target=$(dirname "$file")/$path
	if [ ! -e "$target" ]; then
		complain "$file: no file $path"
	elif [ "$link" != "$path" ]; then
		found=
		while read -r heading; do
			[ "$(anchor "$heading")" != "${link#*#}" ] || found=yes
		done < <(sed -nE 's/^#+ //p' "$target")
		[ -n "$found" ] || complain "$file: no heading for $link"
	fi
done < <(grep -oHE '\]\([^)]+\)' README.md docs/*.md docs/*/*.md |
	sed -E 's/\]\((.*)\)$/\1/' | grep -vE ':https?://')
exit $status
