/*
 * balance.c
 *	  Where a value ends that is no JSON.
 */
#include "json/balance.h"

/* Takes a bracket; false if it closes what isn't open. */
static bool
take_bracket(EtlJsonBalance *balance, char c)
{
	bool object = c == '{' || c == '}';
	size_t level;
	uint64_t bit;

	if (c == '{' || c == '[')
		level = balance->depth++;
	else
		level = --balance->depth;
	if (level >= ETL_JSON_MAX_DEPTH)
		return true;
	bit = (uint64_t) 1 << level % 64;
	if (c == '}' || c == ']')
		return ((balance->objects[level / 64] & bit) != 0) == object;
	if (object)
		balance->objects[level / 64] |= bit;
	else
		balance->objects[level / 64] &= ~bit;
	return true;
}

/* Takes a byte of a string. */
static void
in_string(EtlJsonBalance *balance, char c)
{
	if (balance->escaped)
		balance->escaped = false;
	else if (c == '\\')
		balance->escaped = true;
	else if (c == '"')
	{
		balance->in_string = false;
		balance->string = true;
	}
	else if (c == '\n')
		balance->line_feeds = true;
	else if (c == '{' || c == '}' || c == '[' || c == ']')
		balance->quoted = true;
}

/* True if what stands outside brackets ends before c. */
static bool
ends_word(char c)
{
	return etl_json_is_blank(c) || c == ',' || c == ':' || c == ']' ||
		   c == '}' || c == '{' || c == '[';
}

EtlJsonBalanceStatus
etl_json_balance(EtlJsonBalance *balance, const char **s, const char *end)
{
	for (; *s < end; (*s)++)
	{
		char c = **s;

		if (balance->quotes && balance->quoted)
			return ETL_JSON_BALANCE_UNSURE;
		if (balance->in_string)
		{
			in_string(balance, c);
			continue;
		}
		if (balance->depth == 0 && balance->begun && ends_word(c))
			return ETL_JSON_BALANCE_DONE;
		if (etl_json_is_blank(c))
		{
			balance->in_word = false;
			continue;
		}
		balance->begun = true;
		if (c == '"')
		{
			/* A quote that doesn't belong shows by what is beside it. */
			balance->quotes |= balance->string || balance->word;
			balance->in_string = true;
			balance->in_word = balance->word = balance->string = false;
			continue;
		}
		switch (c)
		{
			case ',':
			case ':':
				if (balance->depth > 0)
					break;
				(*s)++;
				return ETL_JSON_BALANCE_DONE;
			case '}':
			case ']':
				if (balance->depth == 0)
					return ETL_JSON_BALANCE_UNSURE;
				/* FALLTHROUGH */
			case '{':
			case '[':
				if (!take_bracket(balance, c))
					return ETL_JSON_BALANCE_UNSURE;
				if (balance->depth == 0)
				{
					(*s)++;
					return ETL_JSON_BALANCE_DONE;
				}
				break;
			default:
				balance->quotes |= balance->string;
				balance->string = false;
				/* Digits are a number, though perhaps a bad one. */
				if (!balance->in_word)
					balance->word = !((c >= '0' && c <= '9') || c == '-' ||
									  c == '+' || c == '.');
				balance->in_word = true;
				continue;
		}
		balance->in_word = balance->word = balance->string = false;
	}
	return ETL_JSON_BALANCE_MORE;
}
