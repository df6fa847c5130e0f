# Web APIs: how pages are found, how many requests that takes, and what is done
# where an API misbehaves.

use strict;
use warnings;

use EtlServers;
use EtlTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('api', 'pg_etl.allow_private_addresses = on');
my $server = fault_server();
my $columns = 'AS t(id int, name text, amount numeric, day date)';

# A call that reads a path of the server; arguments are SQL.  Its key tells its
# requests from others.
my $calls = 0;

sub keyed_call
{
	my ($path, %arguments) = @_;
	my $key = 'call' . ++$calls;

	$path .= ($path =~ /\?/ ? '&' : '?') . "key=$key";
	$arguments{records} //= q('$.data[*]')
	  unless $path =~ /bare=1/ || $arguments{format};
	my $call = 'etl_read_api(' . quote_literal($server->url($path))
	  . join('', map { defined $arguments{$_} ? ", $_ => $arguments{$_}" : () }
			sort keys %arguments) . ')';

	return ($call, $key);
}

sub call
{
	my ($call) = keyed_call(@_);
	return $call;
}

sub pagination
{
	my ($members) = @_;
	return (pagination => quote_literal("{$members}"));
}

# What the records of a call come to, in their order, as /digest tells it.
sub digest
{
	my ($call) = @_;

	return $node->safe_psql('postgres',
		q{SELECT md5(string_agg(format(E'%s|%s|%s|%s\n', id, name, amount, day), '')) }
		  . "FROM $call $columns");
}

sub ids
{
	my ($call, $rest) = @_;

	return $node->safe_psql('postgres',
		'SELECT id FROM ' . $call . ' AS t(id int) ' . ($rest // ''));
}

sub count_requests
{
	my ($key) = @_;
	return scalar(() = read_bytes("$server->{dir}/requests") =~ /"key": "\Q$key\E",/g);
}

my $all = $server->get('/digest?last=1000');

# Every kind of pagination: name, path, arguments, and how many requests it
# takes.  Those that go by numbers notice the end by an empty page, where nothing
# tells it, and by then may have asked for three more.
my @kinds = (
	[ 'auto, by a link', '/pages?by=link', {}, 10 ],
	[ 'auto, by a URL', '/pages?by=next', {}, 10 ],
	[ 'auto, by a cursor', '/pages?by=cursor', {}, 10 ],
	[ 'auto, further in', '/pages?by=next&nested=1', {}, 10 ],
	[ 'auto, by the cursor of a body', '/pages?by=cursor',
		{ method => q('POST'), body => q('{"q": [1.10]}') }, 10 ],
	[ 'link_header', '/pages?by=link&bare=1', { pagination('"type": "link_header"') }, 10 ],
	[ 'links that are relative', '/pages?by=link&relative=1', {}, 10 ],
	[ 'next_url', '/pages?by=next&nested=1',
		{ pagination('"type": "next_url", "path": "$.paging.next"') }, 10 ],
	[ 'next_url, relative', '/pages?by=next&relative=1&final=absent',
		{ pagination('"type": "next_url", "path": "next"') }, 10 ],
	[ 'cursor', '/pages?by=cursor&final=empty&totals=0',
		{ pagination('"type": "cursor", "path": "$.next_cursor"') }, 10 ],
	[ 'cursor of a header, into a header', '/pages?by=cursor&bare=1',
		{ pagination('"type": "cursor", "header": "x-next-cursor", "param": "X-Cursor", "in": "header"') }, 10 ],
	[ 'cursor into a body', '/pages?by=cursor',
		{ pagination('"type": "cursor", "path": "$.next_cursor", "in": "body"'), method => q('post') }, 10 ],
	[ 'page', '/pages?by=page&totals=0', { pagination('"type": "page"') }, 14 ],
	[ 'page, with a size', '/pages?by=page&totals=0',
		{ pagination('"type": "page", "param": "page", "size": 250, "size_param": "per_page"') }, 8 ],
	[ 'page, from 0', '/pages?by=page&start=0&totals=0', { pagination('"type": "page", "start": 0') }, 14 ],
	[ 'page, with a total', '/pages?by=page',
		{ pagination('"type": "page", "total_pages": "$.total_pages"') }, 10 ],
	[ 'page, from 0 with a total', '/pages?by=page&start=0',
		{ pagination('"type": "page", "start": 0, "total_pages": "$.total_pages"') }, 10 ],
	[ 'page, one at a time', '/pages?by=page&totals=0', { pagination('"type": "page"'), concurrency => 1 }, 11 ],
	[ 'offset', '/pages?by=offset&totals=0', { pagination('"type": "offset"') }, 14 ],
	[ 'offset, with a limit and total', '/pages?by=offset',
		{ pagination('"type": "offset", "limit": 200, "limit_param": "limit", "total": "$.total"') }, 5 ],
	[ 'offset, with a limit that the server lowers', '/pages?by=offset&size=1000&total=1000&totals=0',
		{ pagination('"type": "offset", "limit": 5000') }, 2 ],
	[ 'compressed pages', '/pages?by=link&coding=gzip', {}, 10 ],
	[ 'chunked pages', '/pages?by=page&chunked=1',
		{ pagination('"type": "page", "total_pages": "$.total_pages"') }, 10 ],
	[ 'pages that are large', '/pages?by=link&pad=4000', {}, 10 ],
	[ 'connections that end', '/pages?by=link&close=1', {}, 10 ],
	[ 'CSV, by a link', '/pages?by=link&format=csv', { format => q('csv') }, 10 ],
	[ 'CSV, by page', '/pages?by=page&format=csv',
		{ format => q('csv'), pagination('"type": "page"') }, 14 ],
	[ 'CSV, by the cursor of a header', '/pages?by=cursor&format=csv',
		{ format => q('csv'), pagination('"type": "cursor", "header": "X-Next-Cursor"') }, 10 ],
	[ 'a limited rate', '/pages?by=page',
		{ pagination('"type": "page", "total_pages": "$.total_pages"'), rate_limit => 200 }, 10 ]);
foreach my $kind (@kinds)
{
	my ($name, $path, $arguments, $requests) = @$kind;
	my ($call, $key) = keyed_call($path, %$arguments);

	is(digest($call), $all, "$name: all records in order");
	my $made = count_requests($key);

	cmp_ok($made, '<=', $requests, "$name: at most $requests requests");
	cmp_ok($made, '>=', $requests - ($path =~ /totals=0|format=csv/ ? 3 : 0), 'and not less than needed');
}

# A target list reads the same.
is( $node->safe_psql('postgres',
		'CREATE TYPE with_id AS (id int); '
		  . 'SELECT count(*), sum((s.x).id) FROM (SELECT etl_read_api('
		  . quote_literal($server->url('/pages?by=link'))
		  . q{, NULL::with_id, records => '$.data') AS x) s}),
	'1000|500500', 'a target list reads all pages');

# Short pages are not the end.
foreach my $short (
	[ '/pages?by=link&short=1', {}, '1000|500500' ],
	[ '/pages?by=cursor&short=1&totals=0', {}, '1000|500500' ],
	[ '/pages?by=page&short=1&totals=0', { pagination('"type": "page"') }, '750|356625' ],
	[ '/pages?by=offset&short=1&totals=0', { pagination('"type": "offset", "limit": 100') }, '750|356625' ],
	# the first page has fewer records than it might: as many may have been
	# left out as the server gives at most
	[ '/pages?by=offset&totals=0&total=2300', { pagination('"type": "offset", "limit": 1500') }, '2300|2646150' ])
{
	my ($path, $arguments, $expected) = @$short;

	is( $node->safe_psql('postgres',
			'SELECT count(*), sum(id) FROM ' . call($path, %$arguments) . ' AS t(id int)'),
		$expected, "short pages: $path");
}

# Nothing is asked for that nobody reads.
my @limits = (
	[ 'link', {}, 10, 1 ], [ 'link', {}, 100, 1 ], [ 'link', {}, 101, 2 ],
	[ 'page', { pagination('"type": "page"') }, 10, 1 ],
	[ 'page', { pagination('"type": "page"') }, 100, 1 ],
	[ 'page', { pagination('"type": "page"') }, 101, 5 ],
	[ 'page', { pagination('"type": "page"') }, 300, 6 ],
	[ 'page', { pagination('"type": "page"'), concurrency => 2 }, 101, 3 ],
	[ 'page', { pagination('"type": "page"'), concurrency => 1 }, 101, 2 ],
	[ 'page', { pagination('"type": "page"'), max_pages => 3 }, 101, 3 ],
	[ 'offset', { pagination('"type": "offset", "limit": 100') }, 100, 1 ]);
foreach my $limit (@limits)
{
	my ($by, $arguments, $rows, $requests) = @$limit;
	my ($call, $key) = keyed_call("/pages?by=$by", %$arguments);

	is(ids($call, "LIMIT $rows"), join("\n", 1 .. $rows), "$by: LIMIT $rows");
	cmp_ok(count_requests($key), '<=', $requests, "$by: at most $requests requests");
}
my ($one, $one_key) = keyed_call('/pages?by=page', pagination('"type": "page"'));
ids($one, 'LIMIT 10');
is(count_requests($one_key), 1, 'exactly one request for the first rows');
is(ids(call('/pages?by=link', max_pages => 3)), join("\n", 1 .. 300), 'max_pages');

# Pages that come late don't come out of order, and what breaks off is asked for
# again.
my $kinds = 'reset,close,reset@40,reset@700,close@300,close@1500,503,500,429,longer@7,badchunk@200,garbage';
foreach my $seed (1 .. 3)
{
	my $call = call("/pages?by=page&chaos=$seed&rate=0.5&size=50&kinds=$kinds",
		pagination('"type": "page", "total_pages": "$.total_pages"'),
		concurrency => 8, options => q('{"retry_max_wait_ms": 20}'));

	is(digest($call), $all, "faults, seed $seed: all records in order");
}
is(digest(call("/pages?by=link&chaos=4&kinds=$kinds", options => q('{"retry_max_wait_ms": 20}'))),
	$all, 'faults, one page after the other');

# Where auto looks.  The next page has no records and names no other.
my $next = '{}';
foreach my $member (
	'"next": %s', '"next": {"href": %s}', '"next_url": %s', '"nextUrl": %s',
	'"next_page_url": %s', '"next_link": %s', '"nextLink": %s',
	'"@odata.nextLink": %s', '"links": {"next": %s}', '"links": {"next": {"href": %s}}',
	'"_links": {"next": %s}', '"_links": {"next": {"href": %s}}', '"paging": {"next": %s}',
	'"paging": {"next": {"link": %s, "after": "x"}}', '"pagination": {"next": %s}',
	'"pagination": {"next_url": %s}', '"pagination": {"links": {"next": %s}}',
	'"meta": {"next": %s}', '"meta": {"next_url": %s}')
{
	my $key = 'next' . ++$calls;
	my $url = qq("/body?text={}&key=$key");
	my $text = '{"data": [{"id": 1}], ' . sprintf($member, $url) . '}';

	is(ids(call('/body?text=' . escape($text))), '1', "$member: its records");
	is(count_requests($key), 1, 'and the next page is asked for');
}
foreach my $cursor (
	[ '"next_cursor": "a b"', 'cursor=a%20b' ], [ '"nextCursor": 17', 'cursor=17' ],
	[ '"next_page_token": "x"', 'page_token=x' ], [ '"nextPageToken": "x"', 'pageToken=x' ],
	[ '"meta": {"next_cursor": "x"}', 'cursor=x' ],
	[ '"paging": {"next_cursor": "x"}', 'cursor=x' ],
	[ '"paging": {"next": {"after": "x"}}', 'after=x' ],
	[ '"pagination": {"next_cursor": "x"}', 'cursor=x' ],
	[ '"response_metadata": {"next_cursor": "x"}', 'cursor=x' ],
	[ '"next_cursor": 12345678901234567890123.4500', 'cursor=12345678901234567890123.4500' ])
{
	my ($member, $param) = @$cursor;
	my ($call, $key) = keyed_call('/body?text=' . escape(qq({"data": [{"id": 1}], $member})));

	# the same page comes again
	fails_with($node, "SELECT * FROM $call AS t(id int)", 'XE003', "$member: a circle is noticed");
	my @requests = $server->requests($key);
	like($requests[1]{target}, qr/&\Q$param\E$/, 'after the cursor was sent');
	is(scalar(@requests), 2, 'once');
}
foreach my $last (
	'"next": null', '"next": ""', '"next": false', '"next_cursor": null', '"next_cursor": ""',
	'"links": {}', '"paging": null', '"has_more": false, "next_cursor": "x"',
	'"meta": {"hasNext": false}, "next": "/body"', '"pageInfo": {"hasNextPage": false}')
{
	my ($call, $key) = keyed_call('/body?text=' . escape(qq({"data": [{"id": 1}], $last})));

	is(ids($call), '1', "$last: the last page");
	is(count_requests($key), 1, 'nothing else is asked for');
}
foreach my $unclear ('"has_more": true', '"next": 2', '"next": "abc"', '"meta": {"hasNext": true}')
{
	my $stderr;

	$node->psql('postgres',
		'SELECT id FROM ' . call('/body?text=' . escape(qq({"data": [{"id": 1}], $unclear})))
		  . ' AS t(id int)', stderr => \$stderr);
	like($stderr, qr/WARNING:  there may be more pages/, "$unclear: a warning");
}

# cursors: what stops them
foreach my $stop (
	[ '"has_more": false', '$.has_more' ], [ '"p": {"more": false}', '$.p.more' ],
	[ '"done": true', '$.done' ], [ '"last": true', '$.last' ])
{
	my ($member, $path) = @$stop;
	my ($call, $key) = keyed_call('/body?text=' . escape(qq({"data": [{"id": 1}], "n": "x", $member})),
		pagination(qq("type": "cursor", "path": "\$.n", "stop": "$path")));

	is(ids($call), '1', "stop at $member");
	is(count_requests($key), 1, 'nothing else is asked for');
}
my ($going, $going_key) = keyed_call('/body?text=' . escape('{"data": [{"id": 1}], "n": "x", "done": false}'),
	pagination('"type": "cursor", "path": "$.n", "stop": "$.done"'));
fails_with($node, "SELECT * FROM $going AS t(id int)", 'XE003', 'no stop');
is(count_requests($going_key), 2, 'the next page was asked for');

# what requests hold
my ($posted, $posted_key) = keyed_call('/pages?by=cursor&total=200',
	method => q('POST'), body => q('{"variables": {"n": 1.10}}'),
	params => q('{"tag": ["a", "b c"]}'), headers => q('{"X-Client": "test"}'),
	pagination('"type": "cursor", "path": "$.next_cursor", "param": "variables.after", "in": "body"'),
	max_pages => 2);
is(ids($posted, 'LIMIT 1'), '1', 'a body');
my ($first) = $server->requests($posted_key);
is($first->{method}, 'POST', 'POST');
is_deeply(JSON::PP::decode_json($first->{body}), { variables => { n => 1.1 } }, 'the body as given');
like($first->{body}, qr/1\.10/, 'to the last digit');
is($first->{headers}{'content-type'}, 'application/json', 'its type');
is($first->{headers}{'x-client'}, 'test', 'a header');
like($first->{target}, qr/&tag=a&tag=b%20c$/, 'parameters');
like($first->{headers}{accept}, qr{^application/json}, 'what is accepted');
# the server doesn't look for the cursor there, and gives the first page again
fails_with($node, "SELECT * FROM $posted AS t(id int)", 'XE003', 'a server that ignores the cursor');
my $second = ($server->requests($posted_key))[2];
is_deeply(JSON::PP::decode_json($second->{body}),
	{ variables => { n => 1.1, after => 'c/+=&100' } }, 'the cursor is set within the body');
my ($paged, $paged_key) = keyed_call('/pages?by=page&page=7&per_page=9',
	pagination('"type": "page", "size": 100'), max_pages => 1);
is(ids($paged, 'LIMIT 1'), '1', 'a parameter in the URL');
unlike(($server->requests($paged_key))[0]{target}, qr/=7|=9/, 'is replaced');

# POST is tried again only where the user says that this does no harm
my ($once, $once_key) = keyed_call('/pages?by=link&faults=503', method => q('POST'));
fails_with($node, "SELECT * FROM $once AS t(id int)", 'XE002', 'a POST that fails');
is(count_requests($once_key), 1, 'is not tried again');
my ($twice, $twice_key) = keyed_call('/pages?by=link&faults=503&total=100', method => q('POST'),
	options => q('{"idempotent": true, "retry_max_wait_ms": 10}'));
is(ids($twice), join("\n", 1 .. 100), 'unless it is idempotent');
is(count_requests($twice_key), 2, 'once');

# Circles: what repeats, at which page, after how many requests.
foreach my $circle (
	[ '/pages?by=next&repeat=300', {}, qr/page 5 of .*Its URL is/s, 4 ],
	[ '/pages?by=link&repeat=300', {}, qr/page 5 of .*Its URL is/s, 4 ],
	[ '/pages?by=cursor&repeat=300', {}, qr/page 5 of .*Its cursor is "c\/\+=&300"/s, 4 ],
	[ '/pages?by=link&repeat=0', {}, qr/page 2 of .*Its \d+ bytes are those/s, 2 ],
	[ '/pages?by=page&repeat=300', { pagination('"type": "page"'), concurrency => 1 },
		qr/page 5 of .*Its \d+ bytes are those.*parameter "page"/s, 5 ],
	[ '/pages?by=page', { pagination('"type": "page", "param": "p"'), concurrency => 1 },
		qr/page 2 of .*parameter "p"/s, 2 ],
	# whatever else a page says, its records are those of the page before
	[ '/pages?by=page&clock=1', { pagination('"type": "page", "param": "p"'), concurrency => 1 },
		qr/page 2 of .*Its 100 records are those.*parameter "p"/s, 2 ],
	[ '/pages?by=page&repeat=300&clock=1&size=2', { pagination('"type": "page", "size": 2'), concurrency => 1 },
		qr/page 152 of .*Its 2 records are those/s, 152 ],
	# large pages are compared when they have been read
	[ '/pages?by=page&repeat=300&pad=4000', { pagination('"type": "page"'), concurrency => 1 },
		qr/page 5 of .*bytes are those/s, 5 ])
{
	my ($path, $arguments, $message, $requests) = @$circle;
	my ($call, $key) = keyed_call($path, %$arguments);
	my $error = error_of($node, "SELECT * FROM $call AS t(id int)");

	like($error, qr/XE003: $message/, "a circle: $path");
	is(count_requests($key), $requests, "noticed after $requests requests");
}
# none of the repeated rows are seen
my ($seen, $seen_key) = keyed_call('/pages?by=page&repeat=0', pagination('"type": "page"'), concurrency => 1);
fails_with($node, "SELECT * FROM $seen AS t(id int) LIMIT 101", 'XE003', 'nor is one row of it');

# Records that are all the same are no circle, nor are as many others.
my $all_same = escape('{"data": [{"id": 0}, {"id": 0}, {"id": 0}], "next": "' . $server->url('/body?text='));
is(ids(call('/body?text=' . $all_same
		. escape(escape('{"data": [{"id": 0}, {"id": 0}, {"id": 0}], "at": 2}') . '"}'))),
	join("\n", (0) x 6), 'the same record again and again');
is(ids(call('/pages?by=page&clock=1&size=1&total=3', pagination('"type": "page", "size": 1'))),
	"1\n2\n3", 'pages of one record');

# where the next page may not be
fails_with($node,
	'SELECT * FROM ' . call('/pages?by=link&foreign=' . $server->url('', 'other')) . ' AS t(id int)',
	'42501', 'a link to another origin');
is(scalar(grep { $_->{listener} eq 'other' } $server->requests), 0, 'is not followed');
fails_with($node,
	'SELECT * FROM ' . call('/body?text=' . escape('{"data": [], "n": "a\r\nX-Evil: 1"}'),
		pagination('"type": "cursor", "path": "$.n", "param": "X-Cursor", "in": "header"')) . ' AS t(id int)',
	'22023', 'a cursor that is no header');
fails_with($node,
	'SELECT * FROM ' . call('/body?text=' . escape('{"data": [], "n": [1]}'),
		pagination('"type": "cursor", "path": "$.n"')) . ' AS t(id int)',
	'22023', 'a cursor that is no scalar');
fails_with($node,
	'SELECT * FROM ' . call('/body?text=' . escape('{"data": [], "n": 1}'),
		pagination('"type": "next_url", "path": "$.n"')) . ' AS t(id int)',
	'22023', 'a URL that is a number');

# pages that are none
foreach my $skip ('', q(, on_error => 'skip'))
{
	my $error = error_of($node,
		'SELECT * FROM ' . (call('/pages?faults=html') =~ s/\)$/$skip)/r) . ' AS t(id int)');

	like($error, qr/22P02: .*is not JSON.*text\/html and begins: <!DOCTYPE html>/s, 'HTML is no page');
}
foreach my $text ('not found', 'Bad gateway', 'nil', '<a>')
{
	fails_with($node,
		'SELECT * FROM ' . call('/body?text=' . escape($text), on_error => q('skip')) . ' AS t(id int)',
		'22P02', "$text is no page");
}
my $broken = error_of($node,
	'SELECT * FROM ' . call('/pages?faults=wrongjson', on_error => q('skip')) . ' AS t(id int)');
like($broken, qr/22P02: .*is not valid JSON/, 'a page that is cut off is an error');
unlike($broken, qr/HINT/, 'for which there is nothing to set');
is(ids(call('/body?text=')), '', 'an empty page has no records');

# where there are no records
my $lacking = error_of($node,
	'SELECT * FROM ' . call('/body?text=' . escape('{"error": {"code": 7}, "at": 1}')) . ' AS t(id int)');
like($lacking, qr/2203A: .*has nothing at "\$\.data\[\*\]".*It begins: \{"error": \{"code": 7\}/s, 'a page that is an error');
$lacking = error_of($node,
	'SELECT * FROM ' . call('/body?text=' . escape('{"items": [], "at": 1}')) . ' AS t(id int)');
like($lacking, qr/2203A: .*"items", "at"/s, 'a page without the member that has the records');
my $later = $server->url('/body?text=' . escape('{"errors": [1]}'));
fails_with($node,
	'SELECT * FROM ' . call('/body?text=' . escape(qq({"data": [{"id": 1}], "next": "$later"}))) . ' AS t(id int)',
	'2203A', 'a later page that is an error');
is(ids(call('/body?text=' . escape('{"at": 1}'), options => q('{"allow_no_records": true}'))), '', 'which may be allowed');
foreach my $none ('{"data": null}', '{"data": []}', '[]')
{
	my $path = $none eq '[]' ? '/body?bare=1&text=' : '/body?text=';

	is(ids(call($path . escape($none))), '', "$none: no records");
}
is(ids(call('/body?text=' . escape('{"id": 7, "next": null}'), records => q('$'))), '7', 'a page that is one record');

# who finds nothing is told where to look, once, and gets what is there
sub messages_of
{
	my ($sql) = @_;
	my $stderr;

	$node->psql('postgres', $sql, stderr => \$stderr, on_error_stop => 0);
	return $stderr;
}
my $envelope = call('/pages?by=link&total=200', records => q('$'));
my $missed = messages_of("SELECT id FROM $envelope AS t(id int)");
like($missed, qr/WARNING: .*was read as one record.*\nHINT: .*"\$\.data\[\*\]"/, 'records that are elsewhere');
is(scalar(() = $missed =~ /WARNING/g), 1, 'one page tells it');
is(ids($envelope), "\n", 'a row a page, as without it');
foreach my $quiet (
	call('/pages?by=link&total=200'), $envelope =~ s/pages\?/pages?bare=1&/r,
	call('/body?text=' . escape('{"id": 1, "data": [{"id": 2}]}'), records => q('$')),
	call('/body?text=' . escape('{"a": [{"id": 1}], "b": [{"id": 2}]}'), records => q('$')),
	call('/body?text=' . escape('{"a": [1, {"id": 1}]}'), records => q('$')))
{
	unlike(messages_of("SELECT id FROM $quiet AS t(id int)"), qr/was read as one record/, 'nothing to tell');
}

# the end by a status
my ($gone, $gone_key) = keyed_call('/pages?by=page&faults=ok,ok,404*',
	pagination('"type": "page", "end_status": [404]'), concurrency => 1);
is(ids($gone), join("\n", 1 .. 200), 'a status may be the end');
is(count_requests($gone_key), 3, 'after it nothing is asked for');
fails_with($node,
	'SELECT * FROM ' . call('/pages?by=page&faults=ok,ok,404*', pagination('"type": "page"')) . ' AS t(id int)',
	'XE002', 'but not by itself');
fails_with($node,
	'SELECT * FROM ' . call('/pages?by=page&faults=404*', pagination('"type": "page", "end_status": [404]')) . ' AS t(id int)',
	'XE002', 'and not at the first page');
is(ids(call('/pages?by=page&faults=ok,404*', pagination('"type": "page"')), 'LIMIT 100'), join("\n", 1 .. 100),
	'what was fetched ahead fails only where it is read');

# time limits
like(error_of($node, 'SELECT * FROM ' . call('/pages?by=link&latency=300', timeout => q('50 ms'), retries => 0) . ' AS t(id int)'),
	qr/XE002: .*longer than 50 ms/, 'timeout');
like(error_of($node, 'SELECT * FROM ' . call('/pages?by=link&latency=100', deadline => q('250 ms')) . ' AS t(id int)'),
	qr/XE002: .*deadline has passed/, 'deadline');

# rejects: each once, however often the source is read, and pages of one URL are
# told apart
foreach my $way (
	[ '/pages?by=page&total=250', { pagination('"type": "page"') } ],
	[ '/pages?by=cursor&total=250', { method => q('POST') } ],
	[ '/pages?by=cursor&total=250&bare=1',
		{ pagination('"type": "cursor", "header": "X-Next-Cursor", "param": "X-Cursor", "in": "header"') } ])
{
	my ($path, $arguments) = @$way;
	my $call = call($path, %$arguments, on_error => q('dead_letter'));

	$node->safe_psql('postgres', 'DELETE FROM etl.dead_letter');
	$node->safe_psql('postgres',
		"SELECT count(*) FROM generate_series(1, 3) g, LATERAL (SELECT * FROM $call AS t(id int, name int) OFFSET g) s");
	is( $node->safe_psql('postgres',
			q{SELECT count(*), count(DISTINCT raw), min(format), bool_and(source LIKE 'http://%/pages?%') FROM etl.dead_letter}),
		'250|250|json|t', "dead letters: $path");
}

# what is shown
is( $node->safe_psql('postgres',
		'SELECT DISTINCT ON (etl_source) min(id) OVER (PARTITION BY etl_source), etl_source, etl_record_no FROM '
		  . (call('/pages?by=link&total=300&key2=x', params => q('{"access_token": "s3cret"}')) =~ s/&key=call\d+//r)
		  . ' AS t(id int, etl_source text, etl_record_no bigint) ORDER BY etl_source, etl_record_no'),
	join("\n", map { ($_ * 100 + 1) . '|' . $server->url('/pages?by=link&total=300&key2=x&access_token=***')
			. ($_ ? '&cursor=c%2F%2B%3D%26' . $_ * 100 : '') . '|1' } 0 .. 2),
	'etl_source is the page');
my $plan = $node->safe_psql('postgres',
	'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM '
	  . call('/pages?by=link', options => q('{"retry_max_wait_ms": 10}')) =~ s/by=link/by=link&faults=503/r
	  . ' AS t(id int)');
like($plan, qr/Format: api\n/, 'EXPLAIN shows the format');
like($plan, qr/Pages: 10\n\s+Bytes: \d+\n\s+Records: 1000\n\s+Rejects: 0\n\s+Requests: 11\n\s+Retries: 1\b/,
	'and what was done');

# What a server says is shown without the credentials that it was sent.
$node->safe_psql('postgres',
	'CREATE SERVER secretive FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url '
	  . quote_literal($server->url('/')) . q{, auth 'bearer', allow_private 'true');
	CREATE USER MAPPING FOR CURRENT_USER SERVER secretive OPTIONS (token 'tok-12345678')});
foreach my $text ('no JSON tok-12345678', '{"tok-12345678": 1}', '{"data": [], "next_cursor": "tok-12345678"}',
	'{"data": [{"id": 1}], "next": "?tok-12345678"}')
{
	my $error = error_of($node, 'SELECT * FROM etl_read_api('
		  . quote_literal('body?text=' . escape($text)) . q{, server => 'secretive', records => '$.data') AS t(id int)});

	like($error, qr/\*\*\*\*/, "$text: an error");
	unlike($error =~ s/^.*STATEMENT.*$//mr, qr/tok-12345678/, 'without the token');
}

# Looking first.
my %whole = (records => '$.data[*]', pagination => { type => 'page' }, columns => { city => '$.place.city' }, timeout => '9 s');
foreach my $look (
	[ '/pages?by=page&total=250', \%whole, 'city text,id integer,name text,amount numeric,day date,tags jsonb,place jsonb' ],
	[ '/pages?by=link&total=250&format=csv', { format => 'csv' }, 'id integer,name text,amount numeric,day date,city text' ])
{
	my ($path, $options, $expected) = @$look;
	my $arguments = join ', ', map { quote_literal($_) } $server->url($path), 'api', JSON::PP::encode_json($options);

	is( $node->safe_psql('postgres',
			qq{SELECT string_agg(name || ' ' || type, ',' ORDER BY position) FROM etl_describe(} . ($arguments =~ s/, '\{/, options => '{/r) . ')'),
		$expected, "etl_describe: $path");
	is( $node->safe_psql('postgres',
			"SELECT etl_create_table('seen', $arguments); INSERT INTO seen SELECT NULL; DROP TABLE seen"),
		'seen', 'etl_create_table');
	$node->safe_psql('postgres', "SELECT etl_create_view('pages', $arguments)");
	is($node->safe_psql('postgres', 'SELECT count(*), sum(id), min(city) FROM pages; DROP VIEW pages'),
		'250|31375|c0', 'etl_create_view');
}

# Many pages.
is( $node->safe_psql('postgres',
		'SELECT count(*), sum(id) FROM '
		  . call('/pages?by=link&total=5000&size=5') . ' AS t(id int)'),
	'5000|12502500', '1,000 pages by links');
is( $node->safe_psql('postgres',
		'SELECT count(*), sum(id) FROM '
		  . call('/pages?by=page&total=5000&size=5', pagination('"type": "page"'))
		  . ' AS t(id int)'),
	'5000|12502500', '1,000 pages by number');

sub escape
{
	my ($text) = @_;
	return $text =~ s/([^A-Za-z0-9._~-])/sprintf('%%%02X', ord($1))/ger;
}

$node->stop;
done_testing();
