/*
 * test_json_parser.c
 *	  What must be accepted as JSON and what must not, by RFC 8259; the index
 *	  and the walk on random input.
 */
#include "json_check.h"
#include "tap.h"

#define ROUNDS 40000
#define MAX_LENGTH 500

typedef struct Case
{
	const char *text;
	size_t length;
} Case;

#define CASE(text) \
	{ \
		text, sizeof(text) - 1 \
	}

static const Case good[] = {
	/* Outermost values. */
	CASE("{}"),
	CASE("[]"),
	CASE("0"),
	CASE("\"\""),
	CASE("true"),
	CASE("false"),
	CASE("null"),
	CASE(" 1 "),
	CASE("\t\r\n[ ]\r\n"),
	CASE("\"a\""),
	CASE("-1"),
	CASE("[]\n"),
	CASE(" \"x\" "),
	/* Numbers. */
	CASE("[0]"),
	CASE("[-0]"),
	CASE("[1]"),
	CASE("[-1]"),
	CASE("[10]"),
	CASE("[123456789012345678901234567890]"),
	CASE("[0.0]"),
	CASE("[-0.0]"),
	CASE("[0.1]"),
	CASE("[1.10]"),
	CASE("[-12.34]"),
	CASE("[1e1]"),
	CASE("[1E1]"),
	CASE("[1e+1]"),
	CASE("[1e-1]"),
	CASE("[1.5e10]"),
	CASE("[0e0]"),
	CASE("[0e+1]"),
	CASE("[0E-1]"),
	CASE("[0.0e0]"),
	CASE("[123e65]"),
	CASE("[1e00]"),
	CASE("[1E022]"),
	CASE("[20e1]"),
	CASE("[123.456e78]"),
	CASE("[1.5e+9999]"),
	CASE("[1e-400]"),
	CASE("[-0.0000000000000000000000000000000000000000000000000000000001]"),
	CASE("[ 4]"),
	CASE("[4 ]"),
	CASE("[1,2]"),
	CASE("[1 ,2]"),
	CASE("[1, 2]"),
	/* Literals. */
	CASE("[true]"),
	CASE("[false]"),
	CASE("[null]"),
	CASE("[null,1,true,false]"),
	CASE("[ true , false ]"),
	/* Strings. */
	CASE("[\"\"]"),
	CASE("[\"a\"]"),
	CASE("[\" \"]"),
	CASE("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"),
	CASE("[\"\\\\\"]"),
	CASE("[\"\\\\\\\\\"]"),
	CASE("[\"\\\\\\\"\"]"),
	CASE("[\"\\\\a\"]"),
	CASE("[\"\\u0060\\u012a\\u12AB\"]"),
	CASE("[\"\\uabcd\\uABCD\"]"),
	CASE("[\"\\u0000\"]"),
	CASE("[\"\\u0012\"]"),
	CASE("[\"\\u007F\"]"),
	CASE("[\"\\uD801\\udc37\"]"),
	CASE("[\"\\ud83d\\ude39\\ud83d\\udc8d\"]"),
	CASE("[\"\\uDBFF\\uDFFE\"]"),
	CASE("[\"\\uFFFF\"]"),
	CASE("[\"\\u2028\"]"),
	CASE("[\"\\uD800\"]"),
	CASE("[\"\\uDFAA\"]"),
	CASE("[\"\\uD888\\u1234\"]"),
	CASE("[\"\\uDd1e\\uD834\"]"),
	CASE("[\"\x7F\"]"),
	CASE("[\"a/*b*/c\"]"),
	CASE("[\"new\\u00A0line\"]"),
	CASE("[\"{}[]:,\"]"),
	CASE("[\"'\"]"),
	CASE("[\"\xC3\xA9\"]"),
	CASE("[\"\xE2\x82\xAC\"]"),
	CASE("[\"\xF0\x9F\x98\x80\"]"),
	CASE("[\"\xEF\xBF\xBF\"]"),
	CASE("[\"\xF4\x8F\xBF\xBF\"]"),
	CASE("[\"\xC2\x80\"]"),
	CASE("[\"\xE0\xA0\x80\"]"),
	CASE("[\"\xED\x9F\xBF\"]"),
	CASE("[\"\xEE\x80\x80\"]"),
	CASE("[\"\xF0\x90\x80\x80\"]"),
	CASE("[\"\xE2\x80\xA8\xE2\x80\xA9\"]"),
	CASE("[\"\xEF\xBB\xBF\"]"),
	/* Objects. */
	CASE("{\"\":0}"),
	CASE("{\"a\":[]}"),
	CASE("{ \"a\" : 1 }"),
	CASE("{\"a\":\"b\"}"),
	CASE("{\"a\":1,\"b\":2}"),
	CASE("{\"a\":1,\"a\":1}"),
	CASE("{\"a\":1,\"a\":2}"),
	CASE("{\"a\":{\"b\":{\"c\":{}}}}"),
	CASE("{\"a\\u0000b\":1}"),
	CASE("{\"a\":[1,{\"b\":2}],\"c\":null}"),
	CASE("{\n\"a\"\n:\n1\n}"),
	CASE("{\"\\u0061\":1}"),
	CASE("{\"\\\"\":1}"),
	CASE("{\"{\":\"}\"}"),
	CASE("{\"title\":\"\\u041f\\u043e\"}"),
	CASE("{\"a rather long name of a member\":1,"
		 "\"a rather long name of another member\":2}"),
	/* Arrays. */
	CASE("[[]]"),
	CASE("[[],[]]"),
	CASE("[[[[[[]]]]]]"),
	CASE("[{}]"),
	CASE("[{},{}]"),
	CASE("[\"\",0,[],{},null,true]"),
	CASE("[1,null,null,null,2]"),
	CASE("[[] ,[ ] ]"),
	CASE("[1\n]"),
	CASE("[{\"a\":[{\"b\":[{\"c\":[]}]}]}]"),
};

static const Case bad[] = {
	/* Nothing, or not all. */
	CASE(""),
	CASE(" "),
	CASE("\n"),
	CASE("["),
	CASE("{"),
	CASE("\""),
	CASE("[\"a"),
	CASE("{\"a\""),
	CASE("{\"a\":"),
	CASE("{\"a\":1"),
	CASE("[1"),
	CASE("[1,"),
	CASE("[["),
	CASE("[{"),
	CASE("{\"a\":["),
	CASE("[true"),
	CASE("tru"),
	CASE("nul"),
	CASE("-"),
	CASE("1."),
	CASE("1e"),
	CASE("\"\\"),
	CASE("\"\\u"),
	CASE("\"\\u12"),
	CASE("[\"a\""),
	CASE("[\"\\"),
	CASE("[{\"\":[{\"\":[{\"\":"),
	CASE("{\"a\":tr"),
	CASE("\xEF\xBB\xBF"),
	CASE("\xEF\xBB\xBF[]"),
	CASE("\xEF\xBB"),
	/* Too much. */
	CASE("[] []"),
	CASE("[]]"),
	CASE("{}}"),
	CASE("1 2"),
	CASE("[]x"),
	CASE("{}#"),
	CASE("[1]x"),
	CASE("\"a\"x"),
	CASE("{\"a\":1}{\"a\":1}"),
	CASE("[],"),
	CASE("{},"),
	CASE("[]:"),
	CASE("true false"),
	CASE("nulll"),
	CASE("truefalse"),
	CASE("12\"a\""),
	CASE("[]\0"),
	CASE("123\0"),
	CASE("{\"a\":\"b\"}/**/"),
	CASE("{\"a\":\"b\"}//"),
	CASE("[]\f"),
	CASE("{\"a\":true}\"x\""),
	CASE("[1]]"),
	CASE("{\"a\":\"b\"}#{}"),
	/* Numbers. */
	CASE("[01]"),
	CASE("[-01]"),
	CASE("[00]"),
	CASE("[-]"),
	CASE("[+1]"),
	CASE("[1.]"),
	CASE("[.1]"),
	CASE("[-.1]"),
	CASE("[1.e1]"),
	CASE("[1e]"),
	CASE("[1e+]"),
	CASE("[1e-]"),
	CASE("[1eE2]"),
	CASE("[1.2.3]"),
	CASE("[1e1.5]"),
	CASE("[0x1]"),
	CASE("[0x42]"),
	CASE("[1 000]"),
	CASE("[1_000]"),
	CASE("[--1]"),
	CASE("[-a]"),
	CASE("[- 1]"),
	CASE("[+Inf]"),
	CASE("[NaN]"),
	CASE("[Infinity]"),
	CASE("[-Infinity]"),
	CASE("[-NaN]"),
	CASE("[1a]"),
	CASE("[1ea]"),
	CASE("[0e]"),
	CASE("[0e+]"),
	CASE("[0.3e]"),
	CASE("[0.3e+]"),
	CASE("[0.e1]"),
	CASE("[1.0e]"),
	CASE("[1.0e+]"),
	CASE("[1.0e-]"),
	CASE("[1+2]"),
	CASE("[1-2]"),
	CASE("[1e+-1]"),
	CASE("[0E+]"),
	CASE("[9.e+]"),
	CASE("[2.e3]"),
	CASE("[2.e-3]"),
	CASE("[1.8011670033376514H-308]"),
	CASE("[1.2a-3]"),
	CASE("[-012]"),
	CASE("[-1x]"),
	CASE("[-2.]"),
	CASE("[.-1]"),
	CASE("[0.1.2]"),
	CASE("[-foo]"),
	CASE("[++1234]"),
	CASE("[\xEF\xBC\x91]"),
	CASE("[123\xC3\xA9]"),
	CASE("[0e1\xE5]"),
	CASE("[1e1\xE5]"),
	CASE("[1 2]"),
	CASE("[3[4]]"),
	CASE("01"),
	CASE("-x"),
	CASE("1e1e1"),
	CASE("[1,2,03]"),
	CASE("{\"a\":01}"),
	CASE("{\"a\":1.}"),
	/* Literals. */
	CASE("[True]"),
	CASE("[TRUE]"),
	CASE("[nul]"),
	CASE("[fals]"),
	CASE("[tru]"),
	CASE("[nulL]"),
	CASE("[truee]"),
	CASE("[nullx]"),
	CASE("[undefined]"),
	CASE("[t rue]"),
	CASE("[n\0ull]"),
	CASE("[falsey]"),
	CASE("[true1]"),
	CASE("[true\"a\"]"),
	CASE("[x]"),
	CASE("[nu]"),
	/* Strings. */
	CASE("['a']"),
	CASE("[\"a]"),
	CASE("[a\"]"),
	CASE("[\"\\a\"]"),
	CASE("[\"\\x00\"]"),
	CASE("[\"\\u00G0\"]"),
	CASE("[\"\\u00\"]"),
	CASE("[\"\\u\"]"),
	CASE("[\"\\u123\"]"),
	CASE("[\"\\U0041\"]"),
	CASE("[\"\\'\"]"),
	CASE("[\"\\ \"]"),
	CASE("[\"\\\t\"]"),
	CASE("[\"\\0\"]"),
	CASE("[\"\t\"]"),
	CASE("[\"\n\"]"),
	CASE("[\"\r\"]"),
	CASE("[\"\0\"]"),
	CASE("[\"\x01\"]"),
	CASE("[\"\x1F\"]"),
	CASE("[\"a\nb\"]"),
	CASE("[\"\\\n\"]"),
	CASE("[\"\\\"]"),
	CASE("[\"\\\\\\\"]"),
	CASE("[\"\\\xF0\x9F\x8C\x80\"]"),
	CASE("[\"\\u\xC3\xA9\"]"),
	CASE("[\"\\uD800\\\"]"),
	CASE("[\"\\uD800\\u\"]"),
	CASE("[\"\\uD800\\u1\"]"),
	CASE("[\"\\uD800\\u1x\"]"),
	CASE("\\u0020[]"),
	CASE("[\\n]"),
	CASE("[\\\"\"]"),
	CASE("\"a\" \"b\""),
	CASE("[\"a\"b\"c\"]"),
	CASE("[\"a\" \"b\"]"),
	CASE("[\"a\"\"b\"]"),
	CASE("[\"a\"1]"),
	/* Bytes that are no UTF-8. */
	CASE("[\"\x80\"]"),
	CASE("[\"\xBF\"]"),
	CASE("[\"\xC3\"]"),
	CASE("[\"\xC3(\"]"),
	CASE("[\"\xC0\x80\"]"),
	CASE("[\"\xC0\xAF\"]"),
	CASE("[\"\xC1\xBF\"]"),
	CASE("[\"\xE0\x80\x80\"]"),
	CASE("[\"\xE0\x9F\xBF\"]"),
	CASE("[\"\xE2\x82\"]"),
	CASE("[\"\xE2\x28\xA1\"]"),
	CASE("[\"\xED\xA0\x80\"]"),
	CASE("[\"\xED\xBF\xBF\"]"),
	CASE("[\"\xED\xA0\x81\xED\xB0\x80\"]"),
	CASE("[\"\xF0\x80\x80\x80\"]"),
	CASE("[\"\xF0\x8F\xBF\xBF\"]"),
	CASE("[\"\xF0\x9F\x98\"]"),
	CASE("[\"\xF4\x90\x80\x80\"]"),
	CASE("[\"\xF5\x80\x80\x80\"]"),
	CASE("[\"\xF8\x88\x80\x80\x80\"]"),
	CASE("[\"\xFC\x84\x80\x80\x80\x80\"]"),
	CASE("[\"\xFE\"]"),
	CASE("[\"\xFF\"]"),
	CASE("[\"\xE9\"]"),
	CASE("{\"\xE9\":1}"),
	CASE("[\xE5]"),
	CASE("\xE5"),
	CASE("[\xC3\xA9]"),
	CASE("[\xC2\xA0]"),
	/* Objects. */
	CASE("{,}"),
	CASE("{\"a\":1,}"),
	CASE("{,\"a\":1}"),
	CASE("{\"a\"}"),
	CASE("{\"a\":}"),
	CASE("{\"a\",1}"),
	CASE("{\"a\" 1}"),
	CASE("{a:1}"),
	CASE("{'a':1}"),
	CASE("{1:1}"),
	CASE("{\"a\"::1}"),
	CASE("{\"a\":1 \"b\":2}"),
	CASE("{\"a\":1,,\"b\":2}"),
	CASE("{\"a\":1;\"b\":2}"),
	CASE("{null:1}"),
	CASE("{\"a\":1]"),
	CASE("{]"),
	CASE("{:1}"),
	CASE("{[]:1}"),
	CASE("{\"a\":1,\"b\"}"),
	CASE("{\"a\":\"b\",}"),
	CASE("{\"a\":1:2}"),
	CASE("{\"a\":/*x*/1}"),
	CASE("{\"a\":1,a}"),
	CASE("{9999E9999:1}"),
	CASE("{\"x\", null}"),
	CASE("{\"id\":0,,,,,}"),
	CASE("{\"a\":\"a\" 123}"),
	CASE("{key: 'value'}"),
	CASE("{\"a\":\"b\",,\"c\":\"d\"}"),
	CASE("{}{"),
	/* Arrays. */
	CASE("[,]"),
	CASE("[1,]"),
	CASE("[,1]"),
	CASE("[1,,2]"),
	CASE("[,,]"),
	CASE("[1 true]"),
	CASE("[1:2]"),
	CASE("[\"\",]"),
	CASE("[\"a\",\n4\n,1,"),
	CASE("[1}"),
	CASE("[}"),
	CASE("]"),
	CASE("}"),
	CASE("[]["),
	CASE("[[]"),
	CASE("[1;2]"),
	CASE("[a"),
	CASE("[\"x\"]]"),
	CASE("[\"\": 1]"),
	CASE("[{}"),
	CASE("[{]"),
	CASE("[{]}"),
	CASE("[[1,2]"),
	CASE("[*]"),
	CASE("[\"a\", \"b\""),
	CASE("[   , \"\"]"),
	CASE("[1,\n1\n,1"),
	CASE("[{},]"),
	CASE("[[],]"),
	CASE("[{} {}]"),
	CASE("[[] []]"),
	/* Blanks that are none. */
	CASE("[\f]"),
	CASE("[\v]"),
	CASE("[\xE2\x81\xA0]"),
	CASE("[\0]"),
	CASE("[\b1]"),
	CASE("\x1A[]"),
	CASE("[1\x0C,2]"),
	CASE("{\"a\"\x1A"
		 "1}"),
	/* What is no JSON at all. */
	CASE("*"),
	CASE("<.>"),
	CASE("<null>"),
	CASE("abc"),
	CASE("'a'"),
	CASE("(1)"),
	CASE("a\xC3\xA5"),
	CASE("aé"),
	CASE(":"),
	CASE(","),
	CASE("#"),
	CASE("/**/"),
	CASE("//x\n1"),
	CASE("<!-- 1 -->"),
};

static void
test_cases(const Case *cases, size_t n, bool expected, const char *kind)
{
	char name[200];

	for (size_t i = 0; i < n; i++)
	{
		bool accepted = !expected;
		const char *problem =
			check_json(cases[i].text, cases[i].length, i % 9 + 1, &accepted);

		snprintf(name, sizeof(name), "%s %zu%s%s", kind, i + 1,
				 problem ? ": " : "", problem ? problem : "");
		tap_ok(problem == NULL && accepted == expected, name);
	}
}

/* So many arrays or objects inside each other. */
static const char *
check_depth(int depth, bool objects, bool expected)
{
	const char *open = objects ? "{\"a\":" : "[";
	size_t width = strlen(open);
	char *text = malloc((size_t) depth * (width + 1) + 1);
	size_t n = 0;
	bool accepted;
	const char *problem;

	for (int i = 0; i < depth; i++, n += width)
		memcpy(text + n, open, width);
	if (objects)
		text[n++] = '1';
	for (int i = 0; i < depth; i++)
		text[n++] = objects ? '}' : ']';
	problem = check_json(text, n, 100, &accepted);
	free(text);
	if (problem == NULL && accepted != expected)
		problem = "accepted or not";
	return problem;
}

static void
test_depth(void)
{
	tap_ok(check_depth(ETL_JSON_MAX_DEPTH, false, true) == NULL,
		   "arrays as deep as may be");
	tap_ok(check_depth(ETL_JSON_MAX_DEPTH + 1, false, false) == NULL,
		   "arrays too deep");
	tap_ok(check_depth(ETL_JSON_MAX_DEPTH, true, true) == NULL,
		   "objects as deep as may be");
	tap_ok(check_depth(ETL_JSON_MAX_DEPTH + 1, true, false) == NULL,
		   "objects too deep");
	tap_ok(check_depth(100000, false, false) == NULL, "100,000 arrays");
}

/* ---- random input ---- */

static size_t
add(char *buf, size_t n, const char *text)
{
	size_t length = strlen(text);

	if (n + length > MAX_LENGTH)
		return n;
	memcpy(buf + n, text, length);
	return n + length;
}

/* A value, mostly JSON. */
static size_t
random_value(char *buf, size_t n, int depth)
{
	static const char *const scalars[] = {
		"1",
		"-0.5e3",
		"true",
		"null",
		"\"\"",
		"\"\\\\\\\"x\"",
		"\"\xC3\xA9\"",
		"\"a long enough text\"",
		"\"\\u00e9\"",
		"false",
		"12345678901",
		"0",
	};
	bool object = tap_random(2) == 0;
	unsigned members = tap_random(5);

	if (depth == 0 || tap_random(3) == 0)
		return add(buf, n, scalars[tap_random(12)]);
	n = add(buf, n, object ? "{" : "[");
	for (unsigned i = 0; i < members; i++)
	{
		if (i > 0)
			n = add(buf, n, tap_random(9) == 0 ? " ,\n " : ",");
		if (object)
		{
			n = add(buf, n, scalars[4 + tap_random(5)]);
			n = add(buf, n, tap_random(9) == 0 ? " : " : ":");
		}
		n = random_value(buf, n, depth - 1);
	}
	return add(buf, n, object ? "}" : "]");
}

static void
test_random(void)
{
	static const char odd[] = "{}[]:,\"\\ \n1e.-tn\x01\x7F\xC3";
	const char *problem = NULL;
	int accepted = 0;

	for (int i = 0; i < ROUNDS && problem == NULL; i++)
	{
		char buf[MAX_LENGTH];
		size_t n;
		bool ok;

		if (i % 4 == 0)
		{
			n = tap_random(MAX_LENGTH);
			for (size_t k = 0; k < n; k++)
				buf[k] = odd[tap_random(sizeof(odd) - 1)];
		}
		else
			n = random_value(buf, 0, 5);
		if (i % 4 == 1 && n > 0)
			buf[tap_random((unsigned) n)] = odd[tap_random(sizeof(odd) - 1)];
		problem = check_json(buf, n, tap_random(80) + 1, &ok);
		if (problem == NULL)
			problem = check_balance(buf, n, ok);
		if (problem != NULL)
			printf("# %s: %.*s\n", problem, (int) n, buf);
		accepted += ok;
	}
	tap_ok(problem == NULL, "random input: all agree");
	tap_ok(accepted > ROUNDS / 4 && accepted < ROUNDS,
		   "some of it is JSON and some isn't");
}

int
main(void)
{
	test_cases(good, sizeof(good) / sizeof(good[0]), true, "accept");
	test_cases(bad, sizeof(bad) / sizeof(bad[0]), false, "reject");
	test_depth();
	test_random();
	return tap_done();
}
