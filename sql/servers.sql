-- Servers, user mappings, and which URLs may be read: all that shows without a
-- network.  What is refused is refused before anything is sent.
\getenv srcdir PG_ABS_SRCDIR
\i :srcdir/test/lib/regress.sql
SET client_min_messages = warning;
\t on
\pset format unaligned
CREATE ROLE regress_etl_ann;
CREATE ROLE regress_etl_bob;
GRANT USAGE, CREATE ON SCHEMA test TO regress_etl_ann, regress_etl_bob;

-- What may be read fails by its address here, as all are private; the function
-- then returns the URL.
CREATE FUNCTION try(source text, server text DEFAULT NULL, options jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS
$$ SELECT regexp_replace(failure(format('SELECT * FROM etl_read_csv(%L, server => %L, options => %L) AS t(a text)', source, server, options)), '^42501 address of "(.*)" is not allowed\n.*', '\1') $$;
CREATE FUNCTION create_server(options text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	result text := failure(format('CREATE SERVER tried FOREIGN DATA WRAPPER pg_etl OPTIONS (%s)', options));
BEGIN
	DROP SERVER IF EXISTS tried;
	RETURN result;
END
$$;
CREATE FUNCTION create_mapping(options text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	result text := failure(format('CREATE USER MAPPING FOR regress_etl_bob SERVER plain OPTIONS (%s)', options));
BEGIN
	DROP USER MAPPING IF EXISTS FOR regress_etl_bob SERVER plain;
	RETURN result;
END
$$;

-- the options of servers
SELECT create_server(o) FROM unnest(ARRAY[
	$$base_url 'https://api.example.com'$$,
	$$base_url 'HTTPS://API.example.com:8443/v2/', auth 'BASIC'$$,
	$$base_url 'https://[2001:db8::1]/x', rate_limit '0.5'$$,
	$$base_url 'https://x.example', auth 'api_key', api_key_param 'key'$$,
	$$base_url 'https://x.example', auth 'aws_sigv4', region 'eu-west-1', service 'execute-api'$$,
	$$base_url 'https://x.example', auth 'oauth2_client_credentials', token_url 'https://login.example/t', scope 'a b'$$,
	$$base_url 'http://localhost:80', auth 'bearer'$$,
	$$base_url 'http://127.3.2.1', auth 'bearer'$$,
	$$base_url 'http://intranet', auth 'bearer', allow_private 'on'$$,
	$$base_url 'http://intranet', auth 'aws_sigv4', region 'x'$$]) AS u(o);
SELECT create_server(o) FROM unnest(ARRAY[
	$$auth 'none'$$,
	$$base_url ''$$,
	$$base_url 'x.example'$$,
	$$base_url 'ftp://x.example'$$,
	$$base_url 'file:///etc/passwd'$$,
	$$base_url 'https:/x.example'$$,
	$$base_url 'https:///x.example'$$,
	$$base_url 'https://x example'$$,
	$$base_url 'https://x.example:0'$$,
	$$base_url 'https://x.example:99999'$$,
	$$base_url 'https://[fe80::1%25eth0]/'$$,
	$$base_url 'https://ann:secret@x.example'$$,
	$$base_url 'https://ann@x.example'$$,
	$$base_url 'https://x.example/?key=1'$$,
	$$base_url 'https://x.example/#top'$$,
	$$base_url 'https://x.example', auth 'digest'$$,
	$$base_url 'https://x.example', timeout '3'$$,
	$$base_url 'https://x.example', password 'secret'$$,
	$$base_url 'https://x.example', allow_private 'perhaps'$$,
	$$base_url 'https://x.example', rate_limit '0'$$,
	$$base_url 'https://x.example', rate_limit 'inf'$$,
	$$base_url 'https://x.example', rate_limit '5/s'$$,
	$$base_url 'https://x.example', ca_file 'ca.pem'$$,
	$$base_url 'https://x.example', token_url 'https://x.example'$$,
	$$base_url 'https://x.example', scope 'x'$$,
	$$base_url 'https://x.example', api_key_header 'X-Key'$$,
	$$base_url 'https://x.example', auth 'basic', api_key_param 'key'$$,
	$$base_url 'https://x.example', auth 'api_key', api_key_header 'X-Key', api_key_param 'key'$$,
	$$base_url 'https://x.example', auth 'api_key', api_key_header 'X Key'$$,
	$$base_url 'https://x.example', auth 'api_key', api_key_header 'Host'$$,
	$$base_url 'https://x.example', auth 'api_key', api_key_param ''$$,
	$$base_url 'https://x.example', region 'x'$$,
	$$base_url 'https://x.example', auth 'aws_sigv4'$$,
	$$base_url 'https://x.example', auth 'aws_sigv4', region 'a/b'$$,
	$$base_url 'https://x.example', auth 'oauth2_refresh_token'$$,
	$$base_url 'https://x.example', auth 'oauth2_refresh_token', token_url 'https://a:secret@x.example'$$,
	$$base_url 'https://x.example', auth 'oauth2_refresh_token', token_url 'http://x.example'$$,
	$$base_url 'http://x.example', auth 'bearer'$$,
	$$base_url 'http://10.1.2.3', auth 'api_key'$$]) AS u(o);

-- the options of user mappings; no message shows a value
CREATE SERVER plain FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url 'https://x.example');
SELECT create_mapping(o) FROM unnest(ARRAY[
	$$username 'ann', password ''$$,
	$$client_id 'c', refresh_token 'r'$$,
	$$access_key_id 'a', secret_access_key 'b=c=', session_token 'd'$$,
	$$user 'hush'$$,
	$$base_url 'hush'$$,
	$$username 'hush:hush', password 'x'$$,
	$$token ''$$,
	$$token E'hush\nX-Injected: 1'$$,
	$$api_key E'hush\177'$$,
	$$client_secret 'hush'$$,
	$$access_key_id 'hush'$$,
	$$secret_access_key 'hush'$$,
	$$session_token 'hush'$$]) AS u(o);

-- the wrapper has no options, and makes no tables
SELECT failures(
	$$ALTER FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url 'https://x.example')$$,
	$$CREATE FOREIGN TABLE tried (a int) SERVER plain OPTIONS (source 'x')$$);
CREATE FOREIGN TABLE tried (a int) SERVER plain;
SELECT failure('SELECT * FROM tried');
DROP FOREIGN TABLE tried;

-- who may create what
SET ROLE regress_etl_ann;
SELECT create_server($$base_url 'https://x.example'$$);
RESET ROLE;
GRANT USAGE ON FOREIGN DATA WRAPPER pg_etl TO regress_etl_ann;
SET ROLE regress_etl_ann;
SELECT create_server(o) FROM unnest(ARRAY[
	$$base_url 'https://x.example', allow_private 'false'$$,
	$$base_url 'https://x.example', allow_private 'true'$$,
	$$base_url 'https://x.example', ca_file '/etc/ssl/ca.pem'$$]) AS u(o);
RESET ROLE;
-- what a superuser has set makes the server theirs to alter
CREATE SERVER private FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url 'https://x.example', allow_private 'true');
ALTER SERVER private OWNER TO regress_etl_ann;
SET ROLE regress_etl_ann;
SELECT failures(
	$$ALTER SERVER private OPTIONS (SET base_url 'http://169.254.169.254')$$,
	$$ALTER SERVER private OPTIONS (ADD rate_limit '1')$$,
	$$ALTER SERVER private OPTIONS (DROP allow_private)$$,
	$$ALTER SERVER private OPTIONS (SET base_url 'http://169.254.169.254')$$,
	$$ALTER SERVER private OPTIONS (ADD allow_private 'true')$$);
RESET ROLE;
DROP SERVER private;
GRANT pg_read_server_files TO regress_etl_ann;
SET ROLE regress_etl_ann;
SELECT create_server($$base_url 'https://x.example', ca_file '/etc/ssl/ca.pem'$$);
RESET ROLE;
SET pg_etl.allowed_directories = '/usr/share/zoneinfo';
SELECT create_server($$base_url 'https://x.example', ca_file '/etc/ssl/ca.pem'$$);
RESET pg_etl.allowed_directories;
REVOKE pg_read_server_files FROM regress_etl_ann;

-- USAGE on the server, and a mapping with what its auth takes
CREATE FOREIGN DATA WRAPPER other;
CREATE SERVER others FOREIGN DATA WRAPPER other;
CREATE SERVER crm FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url 'http://127.0.0.1:9/api', auth 'bearer');
SELECT try('x', 'none');
SELECT try('x', 'others');
SELECT try('x', 'crm');
CREATE USER MAPPING FOR PUBLIC SERVER crm OPTIONS (username 'ann', password 'hush');
SELECT try('x', 'crm');
ALTER USER MAPPING FOR PUBLIC SERVER crm OPTIONS (ADD token 'hush');
SELECT try('x', 'crm');
SET ROLE regress_etl_bob;
SELECT try('x', 'crm');
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER crm TO regress_etl_bob;
SET ROLE regress_etl_bob;
SELECT try('x', 'crm');
-- one of one's own goes before that of PUBLIC
CREATE USER MAPPING FOR regress_etl_bob SERVER crm OPTIONS (username 'bob');
SELECT try('x', 'crm');
DROP USER MAPPING FOR regress_etl_bob SERVER crm;
RESET ROLE;

-- what may be put behind base_url
SELECT try(s, 'crm') FROM unnest(ARRAY['', '/', '?a=1', '/a/b?c=d#e', 'a/../b', 'ä b', 'http://127.0.0.1:9/api/x', 'HTTP://127.0.0.1:9/api']) AS u(s);
SELECT try(s, 'crm') FROM unnest(ARRAY['../x', 'a/../../x', '/%2e%2e/x', 'a/%2E./.%2e/x', 'a%2f..%2f..%2fx', 'a\..\..\x', 'a/%252e%252e/%252e%252e/x', 'a/..;/..;/x',
	'http://127.0.0.1:9/apix', 'http://127.0.0.1:9/', 'http://127.0.0.1:9/API', 'http://127.0.0.1/api', 'https://127.0.0.1:9/api', 'http://localhost:9/api', 'http://127.0.0.1:9@x.example/api', E'a\nb']) AS u(s);
DROP SERVER crm CASCADE;

-- parameters
CREATE SERVER local FOREIGN DATA WRAPPER pg_etl OPTIONS (base_url 'http://127.0.0.1:9', auth 'api_key', api_key_param 'k e');
CREATE USER MAPPING FOR PUBLIC SERVER local OPTIONS (api_key 'hush');
SELECT try('x?a=1', 'local', jsonb_build_object('params', p)) FROM unnest(ARRAY['{"b": "2 & 3", "c": [1, 2.50, true, null], "d": null, "ä=": "é"}', '{}', '{"k e": "hush", "token": "hush", "TOKEN": "hush", "page_token": "shown"}', '{"a": {}}', '{"a": [[]]}', '[]']::jsonb[]) AS u(p);
SELECT try('x?%6b+e=shown&k%20e=hush&x-amz-signature=hush;sig=hush', 'local');

-- without a server: superusers may read any URL
SELECT try(s) FROM unnest(ARRAY['http://127.0.0.1:9/', 'http://127.1:9/', 'http://2130706433:9/', 'http://0x7f.1:9/', 'http://0177.0.0.1:9/', 'http://[::1]:9/', 'http://[::ffff:127.0.0.1]:9/', 'http://localhost:9/', 'http://0.0.0.0:9/', 'http://169.254.169.254/latest', 'http://[fd00:ec2::254]/']) AS u(s);
-- even where private addresses are allowed, no link-local ones
SET pg_etl.allow_private_addresses = on;
SELECT try(s) FROM unnest(ARRAY['http://169.254.169.254/latest', 'http://[::ffff:169.254.169.254]/', 'http://100.100.100.200/']) AS u(s);
RESET pg_etl.allow_private_addresses;
-- what would help is told
SELECT failures(
	$$SELECT * FROM etl_read_csv('http://127.0.0.1:9/') AS t(a text)$$,
	$$SELECT * FROM etl_read_csv('http://169.254.169.254/latest') AS t(a text)$$,
	$$SELECT * FROM etl_read_csv('http://[fe80::1]/') AS t(a text)$$);
-- others what is allowed
SET pg_etl.allowed_urls = 'http://127.0.0.1:9/a, https://*.example.com, http://*:81/x';
SET ROLE regress_etl_bob;
SELECT try(s) FROM unnest(ARRAY['http://127.0.0.1:9/a', 'http://127.0.0.1:9/a/b?c', 'http://127.0.0.1:9/a?b', 'http://127.0.0.1:81/x/y']) AS u(s);
SELECT try(s) FROM unnest(ARRAY['http://127.0.0.1:9/', 'http://127.0.0.1:9/ab', 'http://127.0.0.1:9/a/../b', 'http://127.0.0.1:9/a/%2e%2e/b', 'http://127.0.0.1:9/a%2f..%2fb', 'http://127.0.0.1:8/a', 'https://127.0.0.1:9/a', 'https://example.com/', 'https://xexample.com/', 'https://example.com.evil/', 'http://a.example.com/', 'http://127.0.0.1:81/', 'https://x.example/?token=hush']) AS u(s);
SELECT failures('SET pg_etl.allowed_urls = ''''', 'SET pg_etl.allow_private_addresses = on');
RESET ROLE;
SELECT failures(
	$$SET pg_etl.allowed_urls = 'example.com'$$,
	$$SET pg_etl.allowed_urls = '*'$$,
	$$SET pg_etl.allowed_urls = 'ftp://x.example'$$,
	$$SET pg_etl.allowed_urls = 'https://x.example,,https://y.example'$$,
	$$SET pg_etl.allowed_urls = 'https://a*.example'$$,
	$$SET pg_etl.allowed_urls = 'https://x.example/?a=b'$$);
RESET pg_etl.allowed_urls;
SET ROLE regress_etl_bob;
SELECT try('http://127.0.0.1:9/a');
RESET ROLE;

-- credentials don't go into arguments
SELECT try(s) FROM unnest(ARRAY['http://ann:hush@127.0.0.1:9/', 'http://ann@127.0.0.1:9/', 'http://127.0.0.1:9@127.0.0.1:8/']) AS u(s);
SELECT try('x', 'local', jsonb_build_object('headers', jsonb_build_object(h, 'hush'))) FROM unnest(ARRAY['Authorization', 'proxy-authorization', 'Cookie', 'X-API-Key', 'api-key', 'ApiKey', 'X-Auth-Token', 'X-Amz-Security-Token', 'X-My-Secret',
	'Host', 'content-length', 'Transfer-Encoding', 'Range', 'Proxy-Connection', 'Accept-Encoding', '', 'a b', 'a:b', E'a\nb']) AS u(h);
SELECT try('x', 'local', jsonb_build_object('headers', h)) FROM unnest(ARRAY[jsonb '{"X-A": "b\r\nX-C: d"}', '{"X-A": "b\u007f"}', '{"X-A": null}', '{"X-A": ["b"]}', '[]', '{"X-A": "b\tc", "Accept": "text/csv", "X-Version": 2}']) AS u(h);

-- a dump has the servers, and the mappings for those who may see them
\setenv PGDATABASE :DBNAME
\! pg_dump --schema-only | grep -E '^CREATE (SERVER|USER MAPPING)|^    (base_url|auth|api_key)|^GRANT .* FOREIGN DATA WRAPPER'

DROP SERVER local, plain, others CASCADE;
DROP FOREIGN DATA WRAPPER other;
REVOKE USAGE ON FOREIGN DATA WRAPPER pg_etl FROM regress_etl_ann;
DROP SCHEMA test CASCADE;
DROP ROLE regress_etl_ann, regress_etl_bob;
