/*
 * fuzz_json.c
 *	  What is JSON: the pull parser, the index and the walk against each other,
 *	  and against jansson.
 *
 * The first byte is the size of the pieces in which the rest is parsed.
 */
#include <jansson.h>

#include "../unit/json_check.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/*
 * jansson's answer, unless it has a limit that JSON hasn't: numbers that don't
 * fit, NUL in keys, half characters, depth; or takes a NUL for the end.
 */
static bool
ask_jansson(const char *s, size_t n, bool *accepted)
{
	json_error_t error;
	json_t *value;

	if (memchr(s, '\0', n) != NULL)
		return false;
	value = json_loadb(s, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	*accepted = value != NULL;
	if (value != NULL)
	{
		json_decref(value);
		return true;
	}
	switch (json_error_code(&error))
	{
		case json_error_numeric_overflow:
		case json_error_null_byte_in_key:
		case json_error_null_character:
		case json_error_stack_overflow:
			return false;
		default:
			return strncmp(error.text, "invalid Unicode", 15) != 0;
	}
}

static void
complain(const char *problem, const char *s, size_t n)
{
	fprintf(stderr, "%s: %.*s\n", problem, (int) n, s);
	abort();
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const char *s = (const char *) data + 1;
	const char *problem;
	bool accepted;
	bool expected;

	if (size < 1)
		return 0;
	problem = check_json(s, size - 1, (size_t) data[0] + 1, &accepted);
	if (problem == NULL)
		problem = check_balance(s, size - 1, accepted);
	if (problem == NULL && ask_jansson(s, size - 1, &expected) &&
		accepted != expected)
		problem = accepted ? "jansson rejects this" : "jansson accepts this";
	if (problem != NULL)
		complain(problem, s, size - 1);
	return 0;
}
