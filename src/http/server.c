/*
 * server.c
 *	  What a foreign server of wrapper pg_etl says.
 *
 * The same checks run when a server is created or altered and whenever it is
 * used, since what is in a catalog may be of another version.  Secrets belong
 * to user mappings: secrets.c.
 */
#include "postgres.h"

#include <math.h>

#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "compat.h"
#include "http/address.h"
#include "http/headers.h"
#include "http/server.h"

/* Options as they are written. */
typedef struct RawOptions
{
	char *base_url;
	char *auth;
	char *token_url;
	char *api_key_header;
	char *api_key_param;
	char *scope;
	char *region;
	char *service;
	char *allow_private;
	char *rate_limit;
	char *ca_file;
} RawOptions;

static const struct
{
	const char *name;
	size_t offset;
} option_defs[] = {
	{"base_url", offsetof(RawOptions, base_url)},
	{"auth", offsetof(RawOptions, auth)},
	{"token_url", offsetof(RawOptions, token_url)},
	{"api_key_header", offsetof(RawOptions, api_key_header)},
	{"api_key_param", offsetof(RawOptions, api_key_param)},
	{"scope", offsetof(RawOptions, scope)},
	{"region", offsetof(RawOptions, region)},
	{"service", offsetof(RawOptions, service)},
	{"allow_private", offsetof(RawOptions, allow_private)},
	{"rate_limit", offsetof(RawOptions, rate_limit)},
	{"ca_file", offsetof(RawOptions, ca_file)},
};

static const char *const auth_names[] = {
	[ETL_AUTH_NONE] = "none",
	[ETL_AUTH_BASIC] = "basic",
	[ETL_AUTH_BEARER] = "bearer",
	[ETL_AUTH_API_KEY] = "api_key",
	[ETL_AUTH_CLIENT_CREDENTIALS] = "oauth2_client_credentials",
	[ETL_AUTH_REFRESH_TOKEN] = "oauth2_refresh_token",
	[ETL_AUTH_AWS] = "aws_sigv4",
};

static ETL_NORETURN void
raise_unknown_option(const char *name)
{
	StringInfoData valid;

	initStringInfo(&valid);
	for (int i = 0; i < lengthof(option_defs); i++)
		appendStringInfo(&valid, "%s%s", i > 0 ? ", " : "",
						 option_defs[i].name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid option \"%s\"", name),
			 errhint("Valid options of a server are: %s.", valid.data)));
}

static void
read_options(List *options, RawOptions *raw)
{
	ListCell *cell;

	memset(raw, 0, sizeof(*raw));
	foreach (cell, options)
	{
		DefElem *option = lfirst(cell);
		int i = 0;

		while (i < lengthof(option_defs) &&
			   strcmp(option->defname, option_defs[i].name) != 0)
			i++;
		if (i == lengthof(option_defs))
			raise_unknown_option(option->defname);
		*(char **) ((char *) raw + option_defs[i].offset) =
			pstrdup(defGetString(option));
	}
}

static EtlAuth
parse_auth(const char *text)
{
	StringInfoData valid;

	if (text == NULL)
		return ETL_AUTH_NONE;
	for (int i = 0; i < lengthof(auth_names); i++)
	{
		if (pg_strcasecmp(text, auth_names[i]) == 0)
			return (EtlAuth) i;
	}

	initStringInfo(&valid);
	for (int i = 0; i < lengthof(auth_names); i++)
		appendStringInfo(&valid, "%s%s", i > 0 ? ", " : "", auth_names[i]);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("invalid value for option \"auth\": \"%s\"", text),
					errhint("Valid values are: %s.", valid.data)));
}

static void
parse_url(const char *option, const char *text, EtlUrl *url)
{
	switch (etl_url_parse(text, url))
	{
		case ETL_URL_OK:
			break;
		case ETL_URL_USERINFO:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("option \"%s\" must not hold a user name or "
							"password",
							option),
					 errhint("Give them to CREATE USER MAPPING.")));
			break;
		case ETL_URL_MALFORMED:
		case ETL_URL_WRONG_SCHEME:
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("option \"%s\" must be an http or https "
								   "URL",
								   option)));
	}
}

/* Parses base_url, which paths and queries are put behind. */
static void
parse_base_url(const char *text, EtlUrl *url)
{
	if (text == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"base_url\" is required")));
	parse_url("base_url", text, url);
	if (url->query != NULL || strchr(text, '#') != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"base_url\" must not have a query or "
							   "fragment")));
}

static double
parse_rate_limit(const char *text)
{
	char *end;
	double value;

	if (text == NULL)
		return NAN;
	value = strtod(text, &end);
	if (end == text || *end != '\0' || !isfinite(value) || value <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"rate_limit\": \"%s\"",
						text),
				 errdetail("It must be a number of requests a second, "
						   "greater than zero.")));
	return value;
}

/* Raises 22023 for an option that the kind of auth has no use for. */
static void
refuse_option(const char *name, const char *value, const char *auth)
{
	if (value != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" needs auth \"%s\"", name, auth)));
}

/* Checks the options that only some kinds of auth have, and sets defaults. */
static void
check_auth_options(const RawOptions *raw, EtlServer *server)
{
	bool oauth = server->auth == ETL_AUTH_CLIENT_CREDENTIALS ||
				 server->auth == ETL_AUTH_REFRESH_TOKEN;

	if (!oauth)
	{
		refuse_option("token_url", raw->token_url, "oauth2_...");
		refuse_option("scope", raw->scope, "oauth2_...");
	}
	else if (raw->token_url == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"token_url\" is required with auth \"%s\"",
						auth_names[server->auth])));
	else
		parse_url("token_url", raw->token_url, &server->token_url);

	if (server->auth != ETL_AUTH_API_KEY)
	{
		refuse_option("api_key_header", raw->api_key_header, "api_key");
		refuse_option("api_key_param", raw->api_key_param, "api_key");
	}
	else if (server->api_key_header != NULL && server->api_key_param != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("options \"api_key_header\" and "
							   "\"api_key_param\" exclude each other")));
	else if (server->api_key_header == NULL && server->api_key_param == NULL)
		server->api_key_header = "X-Api-Key";

	if (server->auth != ETL_AUTH_AWS)
	{
		refuse_option("region", raw->region, "aws_sigv4");
		refuse_option("service", raw->service, "aws_sigv4");
	}
	else if (server->region == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"region\" is required with auth "
							   "\"aws_sigv4\"")));
	else if (server->service == NULL)
		server->service = "s3";
}

/* Raises 22023 for text that could not stand where it is going to. */
static void
check_texts(const EtlServer *server)
{
	static const char part[] = "abcdefghijklmnopqrstuvwxyz"
							   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	const char *bad = NULL;

	if (server->api_key_header != NULL &&
		(!etl_header_is_name(server->api_key_header) ||
		 etl_header_is_transport(server->api_key_header)))
		bad = "api_key_header";
	else if (server->api_key_param != NULL &&
			 (server->api_key_param[0] == '\0' ||
			  etl_header_has_controls(server->api_key_param)))
		bad = "api_key_param";
	else if (server->scope != NULL && etl_header_has_controls(server->scope))
		bad = "scope";
	else if (server->region != NULL &&
			 (server->region[0] == '\0' ||
			  server->region[strspn(server->region, part)] != '\0'))
		bad = "region";
	else if (server->service != NULL &&
			 (server->service[0] == '\0' ||
			  server->service[strspn(server->service, part)] != '\0'))
		bad = "service";
	else if (server->ca_file != NULL && !is_absolute_path(server->ca_file))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("option \"ca_file\" must be an absolute "
							   "path")));

	if (bad != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid value for option \"%s\"", bad)));
}

/* Raises 22023 if secrets would cross a network in the clear. */
static void
check_encrypted(const EtlServer *server, const char *option, const EtlUrl *url)
{
	if (url->secure || server->allow_private ||
		strcmp(url->host, "localhost") == 0 ||
		etl_address_kind_of_host(url->host) == ETL_ADDRESS_LOOPBACK)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" must be an https URL with auth \"%s\"",
					option, auth_names[server->auth]),
			 errdetail("Credentials would be sent unencrypted."),
			 errhint("In a network that is trusted, a superuser may set "
					 "\"allow_private\".")));
}

void
etl_server_parse(List *options, EtlServer *server)
{
	RawOptions raw;

	read_options(options, &raw);
	server->auth = parse_auth(raw.auth);
	parse_base_url(raw.base_url, &server->base_url);
	server->rate_limit = parse_rate_limit(raw.rate_limit);
	server->api_key_header = raw.api_key_header;
	server->api_key_param = raw.api_key_param;
	server->scope = raw.scope;
	server->region = raw.region;
	server->service = raw.service;
	server->ca_file = raw.ca_file;
	if (raw.allow_private != NULL &&
		!parse_bool(raw.allow_private, &server->allow_private))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"allow_private\": \"%s\"",
						raw.allow_private),
				 errhint("Valid values are: true, false.")));

	check_auth_options(&raw, server);
	check_texts(server);

	/* A signature doesn't tell the key it was made with. */
	if (server->auth != ETL_AUTH_NONE && server->auth != ETL_AUTH_AWS)
		check_encrypted(server, "base_url", &server->base_url);
	if (server->token_url.host != NULL)
		check_encrypted(server, "token_url", &server->token_url);
}

EtlServer *
etl_server_get(Oid oid)
{
	ForeignServer *foreign = GetForeignServer(oid);
	EtlServer *server = palloc0(sizeof(EtlServer));

	if (strcmp(GetForeignDataWrapper(foreign->fdwid)->fdwname, "pg_etl") != 0)
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						errmsg("server \"%s\" is not a server of foreign-data "
							   "wrapper \"pg_etl\"",
							   foreign->servername)));
	server->oid = oid;
	server->name = foreign->servername;
	etl_server_parse(foreign->options, server);
	return server;
}

EtlServer *
etl_server_open(const char *name)
{
	Oid oid = get_foreign_server_oid(name, false);

	etl_compat_check_server_usage(oid, name);
	return etl_server_get(oid);
}
