# The benchmark "load"; to be sourced by measure.  Table lineitem is loaded in
# different ways, each time into an empty table after a checkpoint, with the
# settings of a server that is used in earnest:
#
#	copy, etl			COPY of CSV, and etl_load
#	copy_binary, fdw	COPY of the server's own binary format; INSERT ... SELECT
#						from file_fdw
#	copy_key, etl_key	the first two into a table with a primary key
#	etl_checked			etl_load into one with NOT NULL and CHECK constraints
#	etl_bad_1, _50		the same, with so many per cent of the rows spoilt
#	etl_duplicate_1		etl_load into the table with the key; 1 % of the keys are
#						there already
#	few_*				a smaller file, 1 % of it spoilt: by etl_load; by a loop
#						in PL/pgSQL with a handler a row; by a staging table of
#						texts and regular expressions; by pgloader
#
# LOADS="etl copy ..." selects.

LOADS=${LOADS:-copy etl copy_binary fdw copy_key etl_key etl_checked etl_bad_1
	etl_bad_50 etl_duplicate_1 few_etl few_loop few_regex few_pgloader}

load_constraints='l_orderkey bigint NOT NULL, l_partkey int NOT NULL,
	l_suppkey int NOT NULL, l_linenumber int NOT NULL,
	l_quantity numeric NOT NULL CHECK (l_quantity > 0),
	l_extendedprice numeric NOT NULL, l_discount numeric CHECK (l_discount < 1),
	l_tax numeric, l_returnflag text, l_linestatus text,
	l_shipdate date NOT NULL, l_commitdate date, l_receiptdate date,
	l_shipinstruct text, l_shipmode text, l_comment text'
load_key="$lineitem, PRIMARY KEY (l_orderkey, l_linenumber)"

# load_casts  The columns of lineitem as a select list over texts.
load_casts() {
	tr -d '\n\t' <<<"$lineitem" | sed -E 's/(^|, *)([a-z_]+) ([a-z]+)/\1\2::\3/g'
}
load_names() {
	tr -d '\n\t' <<<"$lineitem" | sed -E 's/(^|, *)([a-z_]+) [a-z]+/\1\2/g'
}

load_set_up() {
	cat <<-SQL
		CREATE SCHEMA load;
		SET search_path = load, public;
		CREATE TABLE plain ($lineitem);
		CREATE TABLE key ($load_key);
		CREATE TABLE checked ($load_constraints);
		CREATE TABLE staged ($(sed -E 's/ (bigint|int|numeric|date)/ text/g' \
			<<<"$lineitem"));
		CREATE TABLE refused (record staged, reason text);
		CREATE PROCEDURE stage(file text) LANGUAGE plpgsql AS \$\$
		BEGIN
			EXECUTE format('COPY load.staged FROM %L (FORMAT csv, HEADER)', file);
		END \$\$;
		CREATE PROCEDURE by_loop(file text) LANGUAGE plpgsql AS \$\$
		DECLARE
			r load.staged;
		BEGIN
			CALL load.stage(file);
			FOR r IN SELECT * FROM load.staged LOOP
				BEGIN
					INSERT INTO load.checked
					SELECT $(load_casts) FROM (SELECT (r).*) s;
				EXCEPTION WHEN OTHERS THEN
					INSERT INTO load.refused VALUES (r, SQLERRM);
				END;
			END LOOP;
		END \$\$;
		CREATE PROCEDURE by_regex(file text) LANGUAGE plpgsql AS \$\$
		BEGIN
			CALL load.stage(file);
			WITH judged AS MATERIALIZED (
				SELECT staged AS record, $(load_regex) AS reason
				FROM load.staged),
			bad AS (
				INSERT INTO load.refused
				SELECT record, reason FROM judged WHERE reason IS NOT NULL)
			INSERT INTO load.checked
			SELECT $(load_casts)
			FROM (SELECT (record).* FROM judged WHERE reason IS NULL) s;
		END \$\$;
	SQL
}
# load_regex  A text that is null for a row of staged that can be inserted.
load_regex() {
	local name type null check

	echo 'CASE'
	tr -d '\n\t' <<<"$lineitem" | tr ',' '\n' | while read -r name type; do
		null="coalesce($name, '')"
		case $type in
			bigint | int) check='^[0-9]+$' ;;
			numeric) check='^[0-9]+([.][0-9]+)?$' ;;
			date) check='^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' ;;
			*) continue ;;
		esac
		[ "$name" != l_quantity ] || check='^0*[1-9][0-9]*([.][0-9]+)?$'
		echo "WHEN $null !~ '$check' THEN '$name'"
	done
	echo 'END'
}

# load_into WAY  The table.
load_into() {
	case $1 in
		*_key | *_duplicate_1) echo key ;;
		*_checked | *_bad_* | few_*) echo checked ;;
		*) echo plain ;;
	esac
}
# load_from WAY  The file.
load_from() {
	case $1 in
		few_*) echo "$data/few.csv" ;;
		copy_binary) echo "$stage/data/lineitem.binary" ;;
		etl_bad_* | etl_duplicate_*) echo "$data/${1#etl_}.csv" ;;
		*) echo "$data/lineitem.csv" ;;
	esac
}
# load_ms WAY  Milliseconds.
load_ms() {
	local table file
	table=load.$(load_into "$1")
	file=$(load_from "$1")

	case $1 in
		copy_binary) psql_ms 'SELECT' "COPY $table FROM '$file' (FORMAT binary)" ;;
		copy*) psql_ms 'SELECT' "COPY $table FROM '$file' (FORMAT csv, HEADER)" ;;
		fdw) psql_ms "LOAD 'file_fdw'" \
			"INSERT INTO $table SELECT * FROM fdw_lineitem" ;;
		*etl*) psql_ms "LOAD 'pg_etl'" "SELECT * FROM etl_load('$table', '$file')" ;;
		few_loop) psql_ms 'SELECT' "CALL load.by_loop('$file')" ;;
		few_regex) psql_ms 'SELECT' "CALL load.by_regex('$file')" ;;
		few_pgloader) load_pgloader "$file" ;;
	esac 2>"$stage/run/load.log" || { cat "$stage/run/load.log" >&2; return 1; }
}
load_pgloader() {
	local start fields
	command -v pgloader >/dev/null || return 0
	fields=$(load_names | sed 's/l_suppkey/l_suppkey [null if blanks]/')
	cat >"$stage/run/lineitem.load" <<-END
		LOAD CSV FROM '$1' ($fields)
		INTO postgresql://$PGUSER@unix:$PGHOST:$PGPORT/$PGDATABASE?load.checked
			($(load_names))
		WITH skip header = 1, fields terminated by ',';
	END
	start=$(date +%s%N)
	pgloader --root-dir "$stage/run/pgloader" "$stage/run/lineitem.load" \
		>"$stage/run/pgloader.log" || { cat "$stage/run/pgloader.log" >&2; return 1; }
	echo $((($(date +%s%N) - start) / 1000000))
}
# What is in the table afterwards; a way that loads nothing would be the fastest.
load_rows() {
	psql -XqAt -c "SELECT count(*) FROM load.$(load_into "$1")"
}
load_empty() {
	psql -Xq -v ON_ERROR_STOP=1 <<-'SQL'
		TRUNCATE load.plain, load.key, load.checked, load.staged, load.refused,
			etl.dead_letter, etl.load;
		CHECKPOINT;
	SQL
}
# load_restart SETTING...  In place of those that the cluster was started with.
load_restart() {
	local setting
	psql -Xq -c 'ALTER SYSTEM RESET ALL'
	for setting; do
		psql -Xq -v ON_ERROR_STOP=1 -c "ALTER SYSTEM SET $setting"
	done
	pg_ctl -D "$stage/db" -l "$stage/run/server.log" -w restart >/dev/null
}

# load_seconds WAY  The median.
load_seconds() {
	sed -n "s/^$1 ms //p" "$stage/run/load" | median
}
load_count() {
	sed -n "s/^$1 rows //p" "$stage/run/load" | tail -n 1
}
# load_line WAY TEXT
load_line() {
	local seconds
	seconds=$(load_seconds "$1")
	[ -n "$seconds" ] || return 0
	printf '%-50s %9.3f s  %9.0f rows, %8.0f records/s\n' "$2" "$seconds" \
		"$(load_count "$1")" "$(load_rate "$1" "$seconds")"
}
# load_rate WAY SECONDS  Records read a second.
load_rate() {
	case $1 in
		few_*) awk "BEGIN {print $few / $2}" ;;
		*) awk "BEGIN {print $many / $2}" ;;
	esac
}
# load_goal TEXT OVER UNDER SIGN GOAL  The ratio of two ways' seconds.
load_goal() {
	local over under
	over=$(load_seconds "$2")
	under=$(load_seconds "$3")
	[ -n "$over" ] && [ -n "$under" ] || return 0
	awk -v text="$1" -v ratio="$(awk "BEGIN {print $over / $under}")" \
		-v sign="$4" -v goal="$5" 'BEGIN {
			reached = sign == ">=" ? ratio >= goal : ratio <= goal
			printf "%-50s %9.2f    goal %s %s: %s\n", text, ratio, sign, goal,
				reached ? "reached" : "MISSED"
		}'
}

load() {
	local way i ms many few

	many=$(($(wc -l <"$data/lineitem.csv") - 1))
	few=$(($(wc -l <"$data/few.csv") - 1))
	load_set_up | psql -Xq -v ON_ERROR_STOP=1
	psql -Xq -v ON_ERROR_STOP=1 -c "COPY (SELECT * FROM fdw_lineitem)
		TO '$stage/data/lineitem.binary' (FORMAT binary)"
	load_restart "shared_buffers = '2GB'" "max_wal_size = '8GB'" \
		'wal_level = replica' 'fsync = on'
	for way in $LOADS; do
		cat "$(load_from "$way")"
	done >/dev/null
	for i in $(seq "$RUNS"); do
		for way in $LOADS; do
			echo "load, run $i, $way" >&2
			load_empty
			ms=$(load_ms "$way")
			[ -z "$ms" ] || echo "$way ms $ms"
			echo "$way rows $(load_rows "$way")"
		done
	done >"$stage/run/load"

	echo "$many rows, $(stat -c %s "$data/lineitem.csv") bytes:"
	load_line copy 'COPY, CSV'
	load_line etl etl_load
	load_line copy_binary 'COPY, binary'
	load_line fdw 'INSERT ... SELECT from file_fdw'
	load_line copy_key 'primary key: COPY, CSV'
	load_line etl_key 'primary key: etl_load'
	load_line etl_duplicate_1 'primary key: etl_load, 1 % duplicates'
	load_line etl_checked 'constraints: etl_load'
	load_line etl_bad_1 'constraints: etl_load, 1 % bad'
	load_line etl_bad_50 'constraints: etl_load, 50 % bad'
	echo "$few rows, 1 % bad:"
	load_line few_etl etl_load
	load_line few_loop 'PL/pgSQL, an exception handler a row'
	load_line few_regex 'staging table, regular expressions'
	load_line few_pgloader pgloader
	echo 'Ratios of seconds:'
	load_goal 'COPY / etl_load' copy etl '>=' 2.5
	load_goal 'COPY / etl_load, primary key' copy_key etl_key '>=' 1.5
	load_goal '1 % bad / clean' etl_bad_1 etl_checked '<=' 1.15
	load_goal '1 % duplicates / clean' etl_duplicate_1 etl_key '<=' 1.5
	load_goal '50 % bad / clean' etl_bad_50 etl_checked '<=' 4
	load_goal 'PL/pgSQL / etl_load' few_loop few_etl '>=' 8
	load_goal 'pgloader / etl_load' few_pgloader few_etl '>=' 100

	load_memory few.csv
	load_memory lineitem.csv
	load_memory bad_50.csv
	load_restart
}
# load_memory FILE
load_memory() {
	load_empty
	echo "peak RssAnon of etl_load, $1 ($(($(stat -c %s "$data/$1") / 1000000)) MB):" \
		"$(peak_anon "SELECT * FROM etl_load('load.checked', '$data/$1');") kB"
}
