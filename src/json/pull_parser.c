/*
 * pull_parser.c
 *	  The reference for what JSON is, one byte at a time.
 */
#include "json/pull_parser.h"

#include <string.h>

enum
{
	BEFORE_VALUE,   /* a value must come */
	BEFORE_ELEMENT, /* a value or the end of the array, just begun */
	BEFORE_MEMBER,  /* a key or the end of the object, just begun */
	BEFORE_KEY,     /* a key must come */
	BEFORE_COLON,
	AFTER_VALUE, /* a comma or the end of what is open */
	IN_STRING,
	IN_ESCAPE,
	IN_HEX,
	IN_LITERAL,
	AFTER_LITERAL, /* the literal is complete, if nothing sticks to it */
	AFTER_MINUS,
	AFTER_ZERO,
	IN_INTEGER,
	AFTER_POINT,
	IN_FRACTION,
	AFTER_E,
	AFTER_E_SIGN,
	IN_EXPONENT
};

/* What each state waits for. */
static const char *const expectations[IN_EXPONENT + 1] = {
	[BEFORE_VALUE] = "expected a value",
	[BEFORE_ELEMENT] = "expected a value or \"]\"",
	[BEFORE_MEMBER] = "expected a string or \"}\"",
	[BEFORE_KEY] = "expected a string",
	[BEFORE_COLON] = "expected \":\"",
	[IN_STRING] = "string is not closed",
	[IN_ESCAPE] = "invalid escape sequence",
	[IN_HEX] = "\"\\u\" must be followed by four hexadecimal digits",
	[IN_LITERAL] = "invalid literal",
	[AFTER_LITERAL] = "invalid literal",
	[AFTER_MINUS] = "invalid number",
	[AFTER_ZERO] = "invalid number",
	[IN_INTEGER] = "invalid number",
	[AFTER_POINT] = "invalid number",
	[IN_FRACTION] = "invalid number",
	[AFTER_E] = "invalid number",
	[AFTER_E_SIGN] = "invalid number",
	[IN_EXPONENT] = "invalid number",
};

void
etl_json_pull_start(EtlJsonPull *pull)
{
	pull->utf8 = false;
	pull->allow_controls = false;
	pull->key_len = 0;
	pull->depth = 0;
	pull->problem = NULL;
	pull->state = BEFORE_VALUE;
	pull->told = false;
	pull->trail = 0;
}

void
etl_json_pull_taken(EtlJsonPull *pull)
{
	pull->told = false;
	pull->state = AFTER_VALUE;
}

static EtlJsonEvent
bad(EtlJsonPull *pull, const char *problem)
{
	pull->problem = problem;
	return ETL_JSON_BAD;
}

static EtlJsonEvent
unexpected(EtlJsonPull *pull)
{
	if (pull->state != AFTER_VALUE)
		return bad(pull, expectations[pull->state]);
	return bad(pull, etl_json_pull_in_object(pull)
						 ? "expected \",\" or \"}\""
						 : "expected \",\" or \"]\"");
}

/* Opens an array or object; false if there are too many. */
static bool
open_container(EtlJsonPull *pull, bool object)
{
	unsigned level = (unsigned) pull->depth;
	uint64_t bit = (uint64_t) 1 << level % 64;

	if (pull->depth == ETL_JSON_MAX_DEPTH)
		return false;
	pull->depth++;
	if (object)
		pull->objects[level / 64] |= bit;
	else
		pull->objects[level / 64] &= ~bit;
	pull->state = object ? BEFORE_MEMBER : BEFORE_ELEMENT;
	return true;
}

static void
begin_string(EtlJsonPull *pull, bool key)
{
	pull->state = IN_STRING;
	pull->key_string = key;
	pull->key_len = 0;
}

/* Begins the value whose first byte is c; false if c begins none. */
static bool
begin_value(EtlJsonPull *pull, char c)
{
	pull->told = false;
	switch (c)
	{
		case '"':
			begin_string(pull, false);
			return true;
		case 't':
			pull->literal = "rue";
			break;
		case 'f':
			pull->literal = "alse";
			break;
		case 'n':
			pull->literal = "ull";
			break;
		case '-':
			pull->state = AFTER_MINUS;
			return true;
		case '0':
			pull->state = AFTER_ZERO;
			return true;
		default:
			if (c < '1' || c > '9')
				return false;
			pull->state = IN_INTEGER;
			return true;
	}
	pull->state = IN_LITERAL;
	return true;
}

static inline void
keep_key(EtlJsonPull *pull, const char *s, size_t n)
{
	if (pull->key_len < ETL_JSON_MAX_KEY)
	{
		size_t room = ETL_JSON_MAX_KEY - pull->key_len;

		memcpy(pull->key + pull->key_len, s, n < room ? n : room);
	}
	pull->key_len += n;
}

/* The first byte that isn't plain text of a string. */
static const unsigned char *
pass_plain(const EtlJsonPull *pull, const unsigned char *p,
		   const unsigned char *end)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t tops = UINT64_C(0x8080808080808080);

	for (; end - p >= 8; p += 8)
	{
		uint64_t word;
		uint64_t quote;
		uint64_t backslash;

		memcpy(&word, p, 8);
		quote = word ^ ones * '"';
		backslash = word ^ ones * '\\';
		/* A byte below what is subtracted borrows from its top bit. */
		if (((word - ones * 0x20) | (quote - ones) | (backslash - ones) |
			 word) &
			tops)
			break;
	}
	while (p < end && *p != '"' && *p != '\\' && *p >= 0x20 &&
		   (*p < 0x80 || !pull->utf8))
		p++;
	return p;
}

/* Begins a character of several bytes; false if c begins none. */
static bool
begin_character(EtlJsonPull *pull, unsigned char c)
{
	pull->low = 0x80;
	pull->high = 0xBF;
	if (c >= 0xC2 && c <= 0xDF)
		pull->trail = 1;
	else if (c >= 0xE0 && c <= 0xEF)
	{
		pull->trail = 2;
		if (c == 0xE0)
			pull->low = 0xA0;
		else if (c == 0xED)
			pull->high = 0x9F;
	}
	else if (c >= 0xF0 && c <= 0xF4)
	{
		pull->trail = 3;
		if (c == 0xF0)
			pull->low = 0x90;
		else if (c == 0xF4)
			pull->high = 0x8F;
	}
	else
		return false;
	return true;
}

/* Ends the string at hand. */
static EtlJsonEvent
end_string(EtlJsonPull *pull)
{
	pull->state = pull->key_string ? BEFORE_COLON : AFTER_VALUE;
	return pull->key_string ? ETL_JSON_KEY : ETL_JSON_MORE;
}

/* Goes on in a string; MORE means that nothing is to be told. */
static EtlJsonEvent
pull_string(EtlJsonPull *pull, const char **s, const char *end)
{
	const unsigned char *p = (const unsigned char *) *s;
	EtlJsonEvent event = ETL_JSON_MORE;

	while (p < (const unsigned char *) end)
	{
		const unsigned char *from = p;
		unsigned char c;

		if (pull->trail == 0)
			p = pass_plain(pull, p, (const unsigned char *) end);
		if (pull->key_string && p > from)
			keep_key(pull, (const char *) from, (size_t) (p - from));
		if (p == (const unsigned char *) end)
			break;
		c = *p;
		if (pull->trail > 0)
		{
			if (c < pull->low || c > pull->high)
			{
				event = bad(pull, "invalid UTF-8");
				break;
			}
			pull->trail--;
			pull->low = 0x80;
			pull->high = 0xBF;
		}
		else if (c == '"')
		{
			p++;
			event = end_string(pull);
			break;
		}
		else if (c < 0x20 && !pull->allow_controls)
		{
			event = bad(pull, "control character in a string");
			break;
		}
		else if (c >= 0x80 && pull->utf8 && !begin_character(pull, c))
		{
			event = bad(pull, "invalid UTF-8");
			break;
		}
		if (pull->key_string)
			keep_key(pull, (const char *) p, 1);
		p++;
		if (c == '\\')
		{
			pull->state = IN_ESCAPE;
			break;
		}
	}
	*s = (const char *) p;
	return event;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex_digit(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/*
 * Takes c, inside a string's escape or a literal; false if it doesn't belong
 * there.
 */
static bool
pull_inner(EtlJsonPull *pull, char c)
{
	if (pull->state == IN_LITERAL)
	{
		if (c != *pull->literal)
			return false;
		if (*++pull->literal == '\0')
			pull->state = AFTER_LITERAL;
		return true;
	}
	if (pull->state == IN_ESCAPE)
	{
		if (c == '\0' || strchr("\"\\/bfnrtu", c) == NULL)
			return false;
		pull->state = c == 'u' ? IN_HEX : IN_STRING;
		pull->hex_digits = 4;
	}
	else
	{
		if (!is_hex_digit(c))
			return false;
		if (--pull->hex_digits == 0)
			pull->state = IN_STRING;
	}
	if (pull->key_string)
		keep_key(pull, &c, 1);
	return true;
}

/*
 * The state of a number after c, or -1 if it doesn't go on with c, as a literal
 * that is complete never does.
 */
static int
number_state(int state, char c)
{
	if (is_digit(c))
	{
		switch (state)
		{
			case AFTER_MINUS:
				return c == '0' ? AFTER_ZERO : IN_INTEGER;
			case IN_INTEGER:
			case IN_FRACTION:
			case IN_EXPONENT:
				return state;
			case AFTER_POINT:
				return IN_FRACTION;
			case AFTER_E:
			case AFTER_E_SIGN:
				return IN_EXPONENT;
			default:
				return -1;
		}
	}
	if (c == '.')
		return state == AFTER_ZERO || state == IN_INTEGER ? AFTER_POINT : -1;
	if (c == 'e' || c == 'E')
		return state == AFTER_ZERO || state == IN_INTEGER ||
					   state == IN_FRACTION
				   ? AFTER_E
				   : -1;
	if (c == '+' || c == '-')
		return state == AFTER_E ? AFTER_E_SIGN : -1;
	return -1;
}

static bool
may_end_word(int state)
{
	return state == AFTER_LITERAL || state == AFTER_ZERO ||
		   state == IN_INTEGER || state == IN_FRACTION || state == IN_EXPONENT;
}

/* True if c may stand right behind a number or literal. */
static bool
ends_word(char c)
{
	return etl_json_is_blank(c) || c == ',' || c == '}' || c == ']' ||
		   c == ':' || c == '{' || c == '[' || c == '"';
}

/* Takes c, which is no blank, between tokens. */
static EtlJsonEvent
pull_token(EtlJsonPull *pull, char c)
{
	switch (pull->state)
	{
		case BEFORE_ELEMENT:
			if (c == ']')
				break;
			/* FALLTHROUGH */
		case BEFORE_VALUE:
			if (c == '{' || c == '[')
			{
				pull->told = false;
				if (!open_container(pull, c == '{'))
					return bad(pull, "nested too deeply");
				return ETL_JSON_MORE;
			}
			if (!begin_value(pull, c))
				return unexpected(pull);
			return ETL_JSON_MORE;
		case BEFORE_MEMBER:
			if (c == '}')
				break;
			/* FALLTHROUGH */
		case BEFORE_KEY:
			if (c != '"')
				return unexpected(pull);
			begin_string(pull, true);
			return ETL_JSON_MORE;
		case BEFORE_COLON:
			if (c != ':')
				return unexpected(pull);
			pull->state = BEFORE_VALUE;
			return ETL_JSON_MORE;
		default:
			if (c == ',')
			{
				pull->state =
					etl_json_pull_in_object(pull) ? BEFORE_KEY : BEFORE_VALUE;
				return ETL_JSON_MORE;
			}
			if (c != (etl_json_pull_in_object(pull) ? '}' : ']'))
				return unexpected(pull);
			break;
	}
	/* What is open is closed. */
	pull->depth--;
	pull->state = AFTER_VALUE;
	return ETL_JSON_MORE;
}

/* True if a value may begin with c where the parser stands. */
static bool
value_begins(const EtlJsonPull *pull, char c)
{
	return !pull->told && (pull->state == BEFORE_VALUE ||
						   (pull->state == BEFORE_ELEMENT && c != ']'));
}

/* What the end of all bytes means. */
static EtlJsonEvent
pull_end(EtlJsonPull *pull)
{
	if (may_end_word(pull->state))
		pull->state = AFTER_VALUE;
	if (pull->state == AFTER_VALUE && pull->depth == 0)
		return ETL_JSON_DONE;
	return unexpected(pull);
}

EtlJsonEvent
etl_json_pull(EtlJsonPull *pull, const char **s, const char *end, bool last)
{
	for (;;)
	{
		EtlJsonEvent event = ETL_JSON_MORE;

		if (pull->state == AFTER_VALUE && pull->depth == 0)
			return ETL_JSON_DONE;
		if (*s == end)
			return last ? pull_end(pull) : ETL_JSON_MORE;
		if (pull->state == IN_STRING)
			event = pull_string(pull, s, end);
		else if (pull->state >= IN_ESCAPE && pull->state <= IN_LITERAL)
		{
			if (!pull_inner(pull, **s))
				return unexpected(pull);
			(*s)++;
		}
		else if (pull->state >= AFTER_LITERAL)
		{
			int next = number_state(pull->state, **s);

			if (next >= 0)
			{
				pull->state = next;
				(*s)++;
			}
			else if (may_end_word(pull->state) && ends_word(**s))
				pull->state = AFTER_VALUE;
			else
				return unexpected(pull);
		}
		else if (etl_json_is_blank(**s))
			(*s)++;
		else if (value_begins(pull, **s))
		{
			pull->told = true;
			return ETL_JSON_VALUE;
		}
		else
		{
			event = pull_token(pull, **s);
			if (event == ETL_JSON_BAD)
				return event;
			(*s)++;
		}
		if (event != ETL_JSON_MORE)
			return event;
	}
}

const char *
etl_json_check(const char *s, size_t n, bool utf8, size_t *at)
{
	const char *p = s;
	const char *end = s + n;
	EtlJsonPull pull;
	EtlJsonEvent event;

	etl_json_pull_start(&pull);
	pull.utf8 = utf8;
	do
		event = etl_json_pull(&pull, &p, end, true);
	while (event != ETL_JSON_DONE && event != ETL_JSON_BAD);
	while (event == ETL_JSON_DONE && p < end && etl_json_is_blank(*p))
		p++;
	*at = (size_t) (p - s);
	if (event == ETL_JSON_BAD)
		return pull.problem;
	return p == end ? NULL : "expected the end";
}
