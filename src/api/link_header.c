/*
 * link_header.c
 *	  The Link header of an HTTP answer (RFC 8288).
 *
 *		<https://example.com/items?page=2>; rel="next", <...>; rel=last
 *
 * Links stand in <>, each followed by its parameters; a comma may stand in
 * either, so a header can't be split at commas.
 */
#include "api/link_header.h"

#include <string.h>
#include <strings.h>

/* What is left of the value. */
typedef struct Input
{
	const char *at;
	const char *end;
} Input;

/* A parameter's value: a token, or what stands between quotes. */
typedef struct Value
{
	const char *data;
	size_t len;
} Value;

static bool
at_blank(const Input *in)
{
	return in->at < in->end && (*in->at == ' ' || *in->at == '\t');
}

static void
skip_blanks(Input *in)
{
	while (at_blank(in))
		in->at++;
}

/* Takes the character if it is the next one, after blanks. */
static bool
take(Input *in, char c)
{
	skip_blanks(in);
	if (in->at == in->end || *in->at != c)
		return false;
	in->at++;
	return true;
}

static Value
take_token(Input *in)
{
	Value token;

	skip_blanks(in);
	token.data = in->at;
	while (in->at < in->end && !at_blank(in) && !strchr(";,=\"", *in->at))
		in->at++;
	token.len = (size_t) (in->at - token.data);
	return token;
}

/*
 * The rest of a quoted string.  Escapes stay as they are: no relation that
 * somebody looks for has any.
 */
static Value
take_quoted(Input *in)
{
	Value quoted = {.data = in->at};

	while (in->at < in->end && *in->at != '"')
		in->at += *in->at == '\\' && in->at + 1 < in->end ? 2 : 1;
	quoted.len = (size_t) (in->at - quoted.data);
	if (in->at < in->end)
		in->at++;
	return quoted;
}

static bool
is_word(const char *data, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(data, word, len) == 0;
}

/* True if a list of relations, separated by blanks, has this one. */
static bool
has_relation(Value list, const char *relation)
{
	Input in = {list.data, list.data + list.len};

	while (in.at < in.end)
	{
		const char *begin;

		skip_blanks(&in);
		begin = in.at;
		while (in.at < in.end && !at_blank(&in))
			in.at++;
		if (is_word(begin, (size_t) (in.at - begin), relation))
			return true;
	}
	return false;
}

/* Reads a link's parameters; true if they make it one of the relation. */
static bool
take_parameters(Input *in, const char *relation)
{
	bool matches = false;
	bool has_rel = false;
	bool has_anchor = false;

	while (take(in, ';'))
	{
		Value name = take_token(in);
		Value value = {0};

		if (take(in, '='))
			value = take(in, '"') ? take_quoted(in) : take_token(in);
		/* of several, the first is the one that counts */
		if (!has_rel && is_word(name.data, name.len, "rel"))
		{
			has_rel = true;
			matches = has_relation(value, relation);
		}
		if (is_word(name.data, name.len, "anchor"))
			has_anchor = true;
	}
	return matches && !has_anchor;
}

bool
etl_link_header_find(const char *value, size_t len, const char *relation,
					 const char **target, size_t *target_len)
{
	Input in = {value, value + len};

	while (in.at < in.end)
	{
		const char *begin;
		const char *end;

		if (!take(&in, '<'))
		{
			/* a comma, or what doesn't belong here */
			in.at += in.at < in.end;
			continue;
		}
		begin = in.at;
		end = memchr(begin, '>', (size_t) (in.end - begin));
		if (end == NULL)
			return false;
		in.at = end + 1;
		if (take_parameters(&in, relation))
		{
			*target = begin;
			*target_len = (size_t) (end - begin);
			return true;
		}
	}
	return false;
}
