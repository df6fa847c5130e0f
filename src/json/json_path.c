/*
 * json_path.c
 *	  Paths, as users write them.
 */
#include "postgres.h"

#include "json/json_path.h"

#include "record/scalar.h"

typedef struct Parser
{
	const char *text;
	const char *option;
	bool all;
	const char *at;
	EtlJsonPath *path;
} Parser;

static void
bad_path(const Parser *parser, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid path for option \"%s\": \"%s\"", parser->option,
					parser->text),
			 errdetail("%s at position %d.", detail,
					   (int) (parser->at - parser->text) + 1),
			 errhint("A path looks like $.member, $['member'], $.list[0] or "
					 "$.list[*].")));
}

static EtlJsonStep *
add_step(Parser *parser, EtlJsonStepKind kind)
{
	EtlJsonPath *path = parser->path;
	EtlJsonStep *step;

	if (path->nsteps == ETL_JSON_MAX_STEPS)
		bad_path(parser, "There are too many steps");
	step = &path->steps[path->nsteps++];
	step->kind = kind;
	return step;
}

/* Takes a name in quotes, in which a backslash escapes any character. */
static char *
take_quoted(Parser *parser)
{
	char quote = *parser->at++;
	char *name = palloc(strlen(parser->at) + 1);
	size_t n = 0;

	while (*parser->at != quote)
	{
		if (*parser->at == '\\' && parser->at[1] != '\0')
			parser->at++;
		if (*parser->at == '\0')
			bad_path(parser, "A name isn't closed");
		name[n++] = *parser->at++;
	}
	parser->at++;
	name[n] = '\0';
	return name;
}

/* Takes what follows a dot. */
static void
take_member(Parser *parser)
{
	EtlJsonStep *step = add_step(parser, ETL_JSON_STEP_MEMBER);
	size_t n;

	if (*parser->at == '"')
	{
		step->name = take_quoted(parser);
		return;
	}
	n = strcspn(parser->at, ".[]'\" *");
	if (n == 0)
		bad_path(parser, "A name is expected");
	step->name = pnstrdup(parser->at, n);
	parser->at += n;
}

/* Takes what follows an opening bracket. */
static void
take_bracket(Parser *parser)
{
	if (*parser->at == '\'' || *parser->at == '"')
		add_step(parser, ETL_JSON_STEP_MEMBER)->name = take_quoted(parser);
	else if (*parser->at == '*')
	{
		if (!parser->all)
			bad_path(parser, "Only the option \"records\" may have [*]");
		add_step(parser, ETL_JSON_STEP_ALL);
		parser->at++;
	}
	else
	{
		size_t n = strspn(parser->at, "0123456789");
		int64 index;

		if (!etl_scalar_int64(parser->at, n, &index) || index > PG_INT32_MAX)
			bad_path(parser, "A position, a name in quotes or * is expected");
		add_step(parser, ETL_JSON_STEP_ELEMENT)->index = (uint32) index;
		parser->at += n;
	}
	if (*parser->at != ']')
		bad_path(parser, "A closing bracket is expected");
	parser->at++;
}

EtlJsonPath *
etl_json_path_parse(const char *text, const char *option, bool all)
{
	Parser parser = {text, option, all, text, palloc0(sizeof(EtlJsonPath))};

	parser.path->steps = palloc0(ETL_JSON_MAX_STEPS * sizeof(EtlJsonStep));
	if (*text == '\0')
		bad_path(&parser, "A path is expected");
	if (*text != '$')
	{
		add_step(&parser, ETL_JSON_STEP_MEMBER)->name = pstrdup(text);
		return parser.path;
	}
	parser.at++;
	while (*parser.at != '\0')
	{
		if (*parser.at == '.')
		{
			parser.at++;
			take_member(&parser);
		}
		else if (*parser.at == '[')
		{
			parser.at++;
			take_bracket(&parser);
		}
		else
			bad_path(&parser, "A dot or bracket is expected");
	}
	return parser.path;
}
