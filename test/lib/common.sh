# Shared by the scripts that build and run pg_etl without touching the machine's
# own PostgreSQL.  To be sourced by bash scripts.
#
# A script works in a stage: a scratch copy of the tree, in which a user who
# isn't root builds, installs and runs.  The server refuses to run as root, so
# root hands its stage to the user postgres.  A stage holds
#
#	src/	the copy of the tree
#	pg/		the server's tree: see stage_server
#	data/	generated test data
#	db/		a cluster
#	run/	its socket and log

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# as_runner CMD...  Runs CMD as the user who may run a server.
as_runner() {
	if [ "$(id -u)" -eq 0 ]; then
		runuser -u postgres -- "$@"
	else
		"$@"
	fi
}

# stage_new DIR  Copies the tree into a new stage and sets $stage.  DIR's last
# component is a mktemp template.
stage_new() {
	stage=$(mktemp -d "$1")
	chmod 755 "$stage"
	mkdir "$stage/src" "$stage/data" "$stage/run"
	tar -C "$root" -cf - --exclude=./.git --exclude='*.o' --exclude='*.so' \
		--exclude='*.bc' --exclude='./pg_etl--*.sql' . |
		tar -C "$stage/src" -xf - --no-same-owner
	chmod -R u+w "$stage/src"
	if [ "$(id -u)" -eq 0 ]; then
		chown -R postgres: "$stage"
	fi
}

# stage_server  Makes $stage/pg a twin of the installed server: the programs
# are copies, the rest are links.  A server finds its libraries and extensions
# relative to where its program lies, pg_config included, so the twin sees what
# is installed into it, and the original does not.  Puts it first in PATH.
stage_server() {
	local dir original
	original=$("${PG_CONFIG:-pg_config}" --bindir)

	mkdir -p "$stage/pg$original"
	cp -a "$original/." "$stage/pg$original"
	for dir in sharedir pkglibdir; do
		dir=$("$original/pg_config" --$dir)
		mkdir -p "$stage/pg$dir"
		cp -as "$dir/." "$stage/pg$dir"
	done
	dir=$("$original/pg_config" --includedir)
	mkdir -p "$(dirname "$stage/pg$dir")"
	ln -s "$dir" "$stage/pg$dir"
	export PATH=$stage/pg$original:$PATH
	export PG_CONFIG=$stage/pg$original/pg_config
}

# stage_build  Builds the extension and installs it into $stage/pg.  Quiet
# but for warnings, unless it fails.
stage_build() {
	local log=$stage/run/build.log

	make -C "$stage/src" -j"$(nproc)" >"$log" 2>&1 &&
		make -C "$stage/src" install >>"$log" 2>&1 ||
		{ cat "$log" >&2; return 1; }
	grep -A 4 'warning:' "$log" >&2 || true
}

# cluster_start [SETTING...]  Starts a cluster that only its socket reaches, and
# points libpq at it.
cluster_start() {
	local setting

	initdb -D "$stage/db" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N \
		>"$stage/run/initdb.log" 2>&1 ||
		{ cat "$stage/run/initdb.log" >&2; return 1; }
	for setting in "listen_addresses = ''" \
		"unix_socket_directories = '$stage/run'" 'port = 54321' \
		'fsync = off' 'max_prepared_transactions = 2' "$@"; do
		echo "$setting"
	done >>"$stage/db/postgresql.conf"
	export PGHOST=$stage/run PGPORT=54321 PGUSER=postgres PGDATABASE=postgres
	pg_ctl -D "$stage/db" -l "$stage/run/server.log" -w start >/dev/null ||
		{ cat "$stage/run/server.log" >&2; return 1; }
}

# cluster_stop  Ends the stage's clusters, by the pids in their data
# directories: the one above, and those that interrupted tests left behind.
cluster_stop() {
	local dir

	find "$stage" -name postmaster.pid -printf '%h\n' | while read -r dir; do
		pg_ctl -D "$dir" -m immediate -w stop >/dev/null || true
	done
}

# unset what would lead libpq or the server astray
unset PGDATABASE PGHOST PGPORT PGUSER PGOPTIONS PGSERVICE PGDATA PGTZ \
	PGCLIENTENCODING PGSSLMODE LD_LIBRARY_PATH MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES
export LC_ALL=C.UTF-8
