/*
 * glob.c
 *	  From a pattern of paths to the files that match it.
 *
 * A pattern is run as a nondeterministic automaton whose states are the
 * pattern's own positions: "set[p]" tells that pattern[p..] may match what
 * comes next.  So matching takes time in proportion to pattern times path,
 * whatever the pattern, and the set that a directory's path leaves behind tells
 * whether anything below it can match: where it is empty, the walk turns back.
 */
#include "postgres.h"

#include <sys/stat.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/fd.h"

#include "confine.h"
#include "stream/glob.h"

/* What a position of the pattern means. */
typedef enum PartKind
{
	PART_LITERAL,   /* one byte that stands for itself */
	PART_ANY,       /* ? */
	PART_SET,       /* [..]; target: behind it */
	PART_STAR,      /* * */
	PART_DEEP,      /* the first star of **: before a component */
	PART_DEEP_NAME, /* the second: inside a component */
	PART_OPEN,      /* {; target: behind the matching } */
	PART_SEPARATOR  /* , or } of such a brace; target: as above */
} PartKind;

typedef struct Part
{
	PartKind kind;
	size_t target;
} Part;

typedef struct Glob
{
	const char *pattern;
	size_t len;
	Part *parts; /* len entries */
	bool utf8;   /* a character may have more than one byte */
	bool *spare; /* len + 1 states, for advance() */
} Glob;

/* A directory that remains to be read. */
typedef struct PendingDir
{
	char *path; /* ends with a slash */
	bool *set;  /* the states behind that slash */
} PendingDir;

/* The position behind the set that opens at i, or 0 if it never closes. */
static size_t
set_end(const char *pattern, size_t i)
{
	i++;
	if (pattern[i] == '!' || pattern[i] == '^')
		i++;
	if (pattern[i] == ']')
		i++;
	while (pattern[i] != ']')
	{
		if (pattern[i] == '\0' || pattern[i] == '/')
			return 0;
		i++;
	}
	return i + 1;
}

/* Marks braces that have a comma, and their separators. */
static void
compile_braces(Glob *glob)
{
	size_t *open = palloc(sizeof(size_t) * (glob->len + 1));
	size_t *comma = palloc0(sizeof(size_t) * (glob->len + 1));
	size_t depth = 0;

	/* comma[] chains each brace's commas, the last one first. */
	for (size_t i = 0; i < glob->len; i++)
	{
		if (glob->parts[i].kind == PART_SET)
			i = glob->parts[i].target - 1;
		else if (glob->pattern[i] == '{')
			open[depth++] = i;
		else if (glob->pattern[i] == ',' && depth > 0)
		{
			comma[i] = comma[open[depth - 1]];
			comma[open[depth - 1]] = i;
		}
		else if (glob->pattern[i] == '}' && depth > 0)
		{
			size_t start = open[--depth];
			size_t c = comma[start];

			if (c == 0)
				continue;
			glob->parts[start] = (Part){PART_OPEN, i + 1};
			glob->parts[i] = (Part){PART_SEPARATOR, i + 1};
			for (; c != 0; c = comma[c])
				glob->parts[c] = (Part){PART_SEPARATOR, i + 1};
		}
	}
	pfree(open);
	pfree(comma);
}

static Glob *
compile(const char *pattern)
{
	Glob *glob = palloc(sizeof(Glob));
	size_t len = strlen(pattern);

	glob->pattern = pattern;
	glob->len = len;
	glob->parts = palloc0(sizeof(Part) * (len + 1));
	glob->utf8 = GetDatabaseEncoding() == PG_UTF8;
	glob->spare = palloc(len + 1);

	for (size_t i = 0; i < len; i++)
	{
		Part *part = &glob->parts[i];

		if (pattern[i] == '?')
			part->kind = PART_ANY;
		else if (pattern[i] == '*' && pattern[i + 1] == '*' &&
				 (i == 0 || pattern[i - 1] == '/') &&
				 (pattern[i + 2] == '/' || pattern[i + 2] == '\0'))
		{
			part[0].kind = PART_DEEP;
			part[1].kind = PART_DEEP_NAME;
			i++;
		}
		else if (pattern[i] == '*')
			part->kind = PART_STAR;
		else if (pattern[i] == '[' && set_end(pattern, i) > 0)
		{
			part->kind = PART_SET;
			part->target = set_end(pattern, i);
			i = part->target - 1;
		}
	}
	compile_braces(glob);
	return glob;
}

static void
free_glob(Glob *glob)
{
	pfree(glob->parts);
	pfree(glob->spare);
	pfree(glob);
}

/* The length of the pattern's part that stands only for itself. */
static size_t
literal_length(const Glob *glob)
{
	size_t i = 0;

	while (i < glob->len && glob->parts[i].kind == PART_LITERAL)
		i++;
	return i;
}

/* Adds a state and those that are reached from it without a character. */
static void
add_state(const Glob *glob, bool *set, size_t p)
{
	const Part *part = &glob->parts[p];

	if (set[p])
		return;
	set[p] = true;
	if (p == glob->len)
		return;
	switch (part->kind)
	{
		case PART_STAR:
			add_state(glob, set, p + 1);
			break;
		case PART_DEEP:
			if (glob->pattern[p + 2] == '/')
				add_state(glob, set, p + 3);
			break;
		case PART_DEEP_NAME:
			if (p + 1 == glob->len)
				add_state(glob, set, p + 1);
			break;
		case PART_OPEN:
			add_state(glob, set, p + 1);
			for (size_t i = p + 1; i + 1 < part->target; i++)
			{
				if (glob->parts[i].kind == PART_SEPARATOR &&
					glob->parts[i].target == part->target)
					add_state(glob, set, i + 1);
			}
			break;
		case PART_SEPARATOR:
			add_state(glob, set, part->target);
			break;
		case PART_LITERAL:
		case PART_ANY:
		case PART_SET:
			break;
	}
}

static size_t
char_length(const Glob *glob, const char *s)
{
	size_t n = 1;

	if (glob->utf8 && (unsigned char) s[0] >= 0xC0)
	{
		while (n < 4 && ((unsigned char) s[n] & 0xC0) == 0x80)
			n++;
	}
	return n;
}

/* Compares characters; in UTF-8 the bytes' order is that of code points. */
static int
compare_chars(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, Min(a_len, b_len));

	return order != 0 ? order : (int) a_len - (int) b_len;
}

static bool
in_set(const Glob *glob, size_t p, const char *s, size_t n)
{
	size_t end = glob->parts[p].target - 1;
	size_t i = p + 1;
	bool negated = glob->pattern[i] == '!' || glob->pattern[i] == '^';
	bool found = false;

	if (negated)
		i++;
	while (i < end)
	{
		const char *low = &glob->pattern[i];
		size_t low_len = char_length(glob, low);
		const char *high = low;
		size_t high_len = low_len;

		i += low_len;
		if (i + 1 < end && glob->pattern[i] == '-')
		{
			high = &glob->pattern[i + 1];
			high_len = char_length(glob, high);
			i += 1 + high_len;
		}
		if (compare_chars(s, n, low, low_len) >= 0 &&
			compare_chars(s, n, high, high_len) <= 0)
			found = true;
	}
	return found != negated;
}

/*
 * Adds to next where the character of n bytes at s leads from state p.
 * "wildcards" tells whether wildcards may stand for it.
 */
static void
step_state(const Glob *glob, size_t p, const char *s, size_t n, bool wildcards,
		   bool *next)
{
	const Part *part = &glob->parts[p];

	if (part->kind == PART_LITERAL)
	{
		/* A star in front of a leading dot doesn't spell that out. */
		if (*s == '.' && !wildcards && p > 0 &&
			glob->parts[p - 1].kind == PART_STAR)
			return;

		/* The pattern's NUL stops a comparison that would run past it. */
		if (strncmp(&glob->pattern[p], s, n) == 0)
			add_state(glob, next, p + n);
		return;
	}
	if (part->kind == PART_DEEP_NAME && s[0] == '/')
		add_state(glob, next, p - 1);
	if (!wildcards)
		return;
	switch (part->kind)
	{
		case PART_STAR:
		case PART_DEEP_NAME:
			add_state(glob, next, p);
			break;
		case PART_DEEP:
		case PART_ANY:
			add_state(glob, next, p + 1);
			break;
		case PART_SET:
			if (in_set(glob, p, s, n))
				add_state(glob, next, part->target);
			break;
		default:
			break;
	}
}

/*
 * Runs the text through the set, in place.  "before" is the byte in front of
 * it.  Returns false, early, when no state is left.
 */
static bool
advance(Glob *glob, bool *set, const char *text, char before)
{
	while (*text)
	{
		size_t n = char_length(glob, text);
		bool wildcards = *text != '/' && !(*text == '.' && before == '/');
		bool any = false;

		memset(glob->spare, 0, glob->len + 1);
		for (size_t p = 0; p < glob->len; p++)
		{
			if (set[p])
				step_state(glob, p, text, n, wildcards, glob->spare);
		}
		memcpy(set, glob->spare, glob->len + 1);
		for (size_t p = 0; p <= glob->len && !any; p++)
			any = set[p];
		if (!any)
			return false;
		before = text[n - 1];
		text += n;
		CHECK_FOR_INTERRUPTS();
	}
	return true;
}

static bool *
initial_set(const Glob *glob)
{
	bool *set = palloc0(glob->len + 1);

	add_state(glob, set, 0);
	return set;
}

bool
etl_glob_has_magic(const char *pattern)
{
	Glob *glob = compile(pattern);
	bool magic = literal_length(glob) < glob->len;

	free_glob(glob);
	return magic;
}

bool
etl_glob_match(const char *pattern, const char *path)
{
	Glob *glob = compile(pattern);
	bool *set = initial_set(glob);
	bool matched = advance(glob, set, path, '/') && set[glob->len];

	pfree(set);
	free_glob(glob);
	return matched;
}

/* The states behind "directory/"; a link doesn't count as a part of **. */
static bool
enter(Glob *glob, bool *set, bool is_link)
{
	if (is_link)
	{
		for (size_t p = 0; p < glob->len; p++)
		{
			if (glob->parts[p].kind == PART_DEEP_NAME)
				set[p] = false;
		}
	}
	return advance(glob, set, "/", 'x');
}

/*
 * Handles one entry of a directory: a file that matches goes to *paths, a
 * directory that may hold some to *pending.
 */
static void
visit(Glob *glob, const PendingDir *directory, const char *name, List **paths,
	  List **pending)
{
	bool *set = palloc(glob->len + 1);
	char *path;
	struct stat st;
	bool is_link;

	memcpy(set, directory->set, glob->len + 1);
	if (!advance(glob, set, name, '/'))
	{
		pfree(set);
		return;
	}

	path = psprintf("%s%s", directory->path, name);

	/* What can't be examined is left for the opening to complain about. */
	memset(&st, 0, sizeof(st));
	is_link = lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
	if (is_link && stat(path, &st) != 0)
		st.st_mode = 0;

	if (!S_ISDIR(st.st_mode))
	{
		if (set[glob->len])
			*paths = lappend(*paths, path);
		pfree(set);
	}
	else if (enter(glob, set, is_link))
	{
		PendingDir *found = palloc(sizeof(PendingDir));

		found->path = psprintf("%s/", path);
		found->set = set;
		*pending = lappend(*pending, found);
	}
	else
		pfree(set);
}

/* Returns false, only with noerror, if the directory can't be read. */
static bool
read_directory(Glob *glob, const PendingDir *directory, bool noerror,
			   List **paths, List **pending)
{
	DIR *dir;
	struct dirent *entry;

	if (!etl_confine_allows(directory->path))
	{
		if (!noerror)
			etl_confine_check(directory->path, directory->path);
		return false;
	}

	dir = AllocateDir(directory->path);

	/* A directory that isn't there, or isn't one, has no files. */
	if (dir == NULL && (errno == ENOENT || errno == ENOTDIR))
		return true;
	if (dir == NULL)
	{
		if (!noerror)
			ereport(ERROR, (errcode_for_file_access(),
							errmsg("could not open directory \"%s\": %m",
								   directory->path)));
		return false;
	}
	while ((entry = ReadDirExtended(dir, directory->path,
									noerror ? DEBUG1 : ERROR)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (strcmp(entry->d_name, ".") != 0 &&
			strcmp(entry->d_name, "..") != 0)
			visit(glob, directory, entry->d_name, paths, pending);
	}
	FreeDir(dir);
	return true;
}

static int
compare_paths(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

bool
etl_glob_expand(const char *pattern, bool noerror, List **paths)
{
	Glob *glob = compile(pattern);
	PendingDir *root = palloc(sizeof(PendingDir));
	List *pending;
	size_t root_len = literal_length(glob);
	bool ok = true;

	/* Start below the last slash in front of anything magic. */
	while (root_len > 0 && pattern[root_len - 1] != '/')
		root_len--;
	Assert(root_len > 0);
	root->path = pnstrdup(pattern, root_len);
	root->set = initial_set(glob);
	(void) advance(glob, root->set, root->path, '\0');

	*paths = NIL;
	pending = list_make1(root);
	while (pending != NIL && ok)
	{
		PendingDir *directory = llast(pending);

		pending = list_delete_last(pending);
		ok = read_directory(glob, directory, noerror, paths, &pending);
		pfree(directory->path);
		pfree(directory->set);
		pfree(directory);
	}
	free_glob(glob);
	list_sort(*paths, compare_paths);
	return ok;
}
