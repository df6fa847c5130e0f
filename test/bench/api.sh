# The benchmark "api"; to be sourced by measure.  Pages of 100 records from an
# nginx on this machine, see nginx.conf, read
#
#	next, numbered		by etl_read_api: by the link to the next page, and by
#						number, 4 pages at a time
#	curl_jq				by one curl, one after the other, taken apart by jq
#	later_1, later_4	as numbered, but each answer takes 20 ms, with 1 and with
#						4 pages at a time

api_ways='next numbered curl_jq later_1 later_4'
api_pid=

# api_start  Starts nginx; sets $api_pid and $api_url.
api_start() {
	local port dir=$stage/run/nginx

	port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
	api_url=http://127.0.0.1:$port
	mkdir "$dir"
	sed -e "s|@DIR@|$dir|" -e "s|@PAGES@|$data/pages|" -e "s|@PORT@|$port|" \
		"$stage/src/test/bench/nginx.conf" >"$dir/conf"
	/usr/sbin/nginx -p "$dir" -e stderr -c "$dir/conf" 2>"$dir/log" &
	api_pid=$!
	until curl -s -o /dev/null "$api_url/1.json"; do
		kill -0 "$api_pid" 2>/dev/null || { cat "$dir/log" >&2; return 1; }
		sleep 0.1
	done
}

api_stop() {
	[ -z "$api_pid" ] || kill "$api_pid" 2>/dev/null || true
	api_pid=
}

# api_etl URL SETTINGS  Milliseconds.
api_etl() {
	psql_ms "LOAD 'pg_etl'" "SELECT $(all_columns ndjson)
		FROM etl_read_api('$1', NULL::ndjson, server => 'pages',
			records => '\$.data[*]', $2)"
}
run_next() {
	api_etl pages "pagination => '{\"type\": \"next_url\", \"path\": \"\$.next\"}'"
}
# api_numbered URL CONCURRENCY
api_numbered() {
	api_etl "$1" "concurrency => $2, pagination =>
		'{\"type\": \"page\", \"total_pages\": \"\$.total_pages\"}'"
}
run_numbered() {
	api_numbered pages 4
}
run_later_1() {
	api_numbered later/pages 1
}
run_later_4() {
	api_numbered later/pages 4
}
run_curl_jq() {
	local start
	start=$(date +%s%N)
	curl -s "$api_url/pages?page=[1-$pages]" | jq -c '.data[]' >/dev/null
	echo $((($(date +%s%N) - start) / 1000000))
}

# api_seconds WAY  The median.
api_seconds() {
	sed -n "s/^$1 //p" "$stage/run/api" | median
}
# api_line WAY TEXT
api_line() {
	local seconds
	seconds=$(api_seconds "$1")
	printf '%-44s %8.3f s  %8.0f records/s\n' "$2" "$seconds" \
		"$(awk "BEGIN {print $pages * 100 / $seconds}")"
}

api() {
	local way i pages

	pages=$(find "$data/pages" -name '*.json' | wc -l)
	api_start
	psql -Xq -v ON_ERROR_STOP=1 -c "CREATE SERVER pages FOREIGN DATA WRAPPER pg_etl
		OPTIONS (base_url '$api_url/', allow_private 'true')"
	cat "$data/pages"/*.json >/dev/null
	for i in $(seq "$RUNS"); do
		for way in $api_ways; do
			echo "api, run $i, $way" >&2
			"run_$way" | sed "s/^/$way /"
		done
	done >"$stage/run/api"
	api_stop

	echo "$pages pages of 100 records, $(du -sb "$data/pages" | cut -f1) bytes:"
	api_line next 'etl_read_api by the link to the next page'
	api_line numbered 'etl_read_api by number, 4 at a time'
	api_line curl_jq 'curl | jq'
	api_line later_1 'answers take 20 ms: by number, 1 at a time'
	api_line later_4 '                    by number, 4 at a time'
	echo "1 at a time / 4 at a time: $(
		ratio "$(api_seconds later_1)" "$(api_seconds later_4)")"
}
