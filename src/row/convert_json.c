/*
 * convert_json.c
 *	  Well-formed JSON to json and jsonb, the fast way.
 *
 * A json value is its text.  A jsonb value is built in the format that it has
 * on disk, the same since PostgreSQL 9.4: a header with the number of elements
 * or pairs, an entry with length and type for each element, or each key and
 * then each value, and behind them their data.  Keys are sorted by length and
 * then by bytes, and of equal ones the last stays.
 *
 * Each container is passed over twice: once to find its parts and once to write
 * them.  What is large, deep or unusual is left to the type's input function.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/jsonb.h"

#include "compat.h"
#include "row/convert_json.h"

/* Larger texts, deeper values and objects with more members are declined. */
#define MAX_TEXT (64 * 1024)
#define MAX_DEPTH 12
#define MAX_PAIRS 128

/*
 * A byte of text becomes at most so many: "1," is an entry of 4, padding of 3
 * and a numeric of 8.
 */
#define GROWTH 8

/* Of the outermost container's headers, and what rounding needs. */
#define OVERHEAD 64

/* A numeric made by the converter, on the stack. */
#define NUMERIC_SIZE 64

typedef struct Builder
{
	char *start; /* of the value, aligned */
	char *next;
	bool utf8; /* the database encoding is UTF-8 */
} Builder;

typedef struct Pair
{
	const char *key; /* within its quotes */
	uint32 key_len;
	const char *value;
} Pair;

/* For numbers in jsonb, which has numerics without a type modifier. */
static EtlConvert convert_numeric;
static EtlConversion numeric;

static const char *build_value(Builder *builder, const char *s, int depth,
							   JEntry *entry);

static inline const char *
skip_blanks(const char *s)
{
	while (*s == ' ' || *s == '\n' || *s == '\t' || *s == '\r')
		s++;
	return s;
}

/* The byte behind the string that begins with the quote at s. */
static inline const char *
skip_string(const char *s)
{
	for (s++; *s != '"'; s++)
		if (*s == '\\')
			s++;
	return s + 1;
}

/* The byte behind the container at s. */
static const char *
skip_container(const char *s)
{
	int depth = 0;

	do
	{
		switch (*s)
		{
			case '"':
				s = skip_string(s);
				break;
			case '{':
			case '[':
				depth++;
				s++;
				break;
			case '}':
			case ']':
				depth--;
				s++;
				break;
			default:
				s++;
				break;
		}
	} while (depth > 0);
	return s;
}

/* The byte behind a scalar at s, within a container, that is no string. */
static inline const char *
skip_word(const char *s)
{
	while (*s != ',' && *s != ']' && *s != '}' && *s != ' ' && *s != '\n' &&
		   *s != '\t' && *s != '\r')
		s++;
	return s;
}

/* The byte behind any value at s, within a container. */
static inline const char *
skip_any(const char *s)
{
	if (*s == '"')
		return skip_string(s);
	if (*s == '{' || *s == '[')
		return skip_container(s);
	return skip_word(s);
}

static inline void
pad(Builder *builder)
{
	while ((builder->next - builder->start) % sizeof(int32) != 0)
		*builder->next++ = '\0';
}

/* Four hexadecimal digits. */
static inline pg_wchar
hex4(const char *s)
{
	pg_wchar code = 0;

	for (int i = 0; i < 4; i++)
	{
		unsigned char c = (unsigned char) s[i];

		code = code << 4 |
			   (pg_wchar) (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return code;
}

/* Writes the character of the \u escape at s; NULL if there is none. */
static const char *
build_unicode(Builder *builder, const char *s)
{
	pg_wchar code = hex4(s + 2);

	s += 6;
	if (is_utf16_surrogate_first(code))
	{
		if (s[0] != '\\' || s[1] != 'u' ||
			!is_utf16_surrogate_second(hex4(s + 2)))
			return NULL;
		code = surrogate_pair_to_codepoint(code, hex4(s + 2));
		s += 6;
	}
	else if (is_utf16_surrogate_second(code))
		return NULL;
	if (code == 0 || !builder->utf8)
		return NULL;
	unicode_to_utf8(code, (unsigned char *) builder->next);
	builder->next += pg_utf_mblen((unsigned char *) builder->next);
	return s;
}

/* Writes the character of the escape at s; NULL if it stands for none. */
static const char *
build_escape(Builder *builder, const char *s)
{
	static const char from[] = "bfnrt";
	static const char to[] = "\b\f\n\r\t";
	const char *found;

	if (s[1] == 'u')
		return build_unicode(builder, s);
	found = strchr(from, s[1]);
	*builder->next++ = found ? to[found - from] : s[1];
	return s + 2;
}

/* Each of the following returns the byte behind the value, NULL to decline. */
static const char *
build_string(Builder *builder, const char *s, JEntry *entry)
{
	char *start = builder->next;

	s++;
	while (*s != '"')
	{
		const char *run = s;

		while (*s != '"' && *s != '\\')
			s++;
		memcpy(builder->next, run, s - run);
		builder->next += s - run;
		if (*s == '\\' && (s = build_escape(builder, s)) == NULL)
			return NULL;
	}
	*entry = JENTRY_ISSTRING | (JEntry) (builder->next - start);
	return s + 1;
}

static const char *
build_number(Builder *builder, const char *s, const char *end, JEntry *entry)
{
	char *start = builder->next;
	char buffer[NUMERIC_SIZE + MAXIMUM_ALIGNOF];
	EtlArena arena = {(char *) MAXALIGN(buffer), buffer + sizeof(buffer), NULL,
					  NULL};
	Datum value;

	if (!convert_numeric(&numeric, &arena, s, (size_t) (end - s), &value))
		return NULL;
	pad(builder);
	memcpy(builder->next, DatumGetPointer(value),
		   VARSIZE(DatumGetPointer(value)));
	builder->next += VARSIZE(DatumGetPointer(value));
	*entry = JENTRY_ISNUMERIC | (JEntry) (builder->next - start);
	return end;
}

/*
 * Stores the i-th entry of a container; *total is the length of the data so
 * far. Some entries have the offset of their data's end instead of its length.
 */
static inline void
put_entry(JEntry *entries, uint32 i, JEntry entry, uint32 *total)
{
	*total += JBE_OFFLENFLD(entry);
	if (i % JB_OFFSET_STRIDE == 0)
		entry = (entry & JENTRY_TYPEMASK) | *total | JENTRY_HAS_OFF;
	memcpy(&entries[i], &entry, sizeof(JEntry));
}

/* Begins a container of n entries. */
static JEntry *
begin_container(Builder *builder, uint32 header, uint32 n)
{
	JEntry *entries;

	pad(builder);
	memcpy(builder->next, &header, sizeof(uint32));
	builder->next += sizeof(uint32);
	entries = (JEntry *) builder->next;
	builder->next += n * sizeof(JEntry);
	return entries;
}

static const char *
build_array(Builder *builder, const char *s, int depth, JEntry *entry)
{
	char *start = builder->next;
	const char *at = skip_blanks(s + 1);
	JEntry *entries;
	uint32 total = 0;
	uint32 n = 0;

	while (*at != ']')
	{
		n++;
		at = skip_blanks(skip_any(at));
		if (*at == ',')
			at = skip_blanks(at + 1);
	}
	entries = begin_container(builder, JB_FARRAY | n, n);
	at = skip_blanks(s + 1);
	for (uint32 i = 0; i < n; i++)
	{
		JEntry element;

		at = build_value(builder, at, depth + 1, &element);
		if (at == NULL)
			return NULL;
		put_entry(entries, i, element, &total);
		at = skip_blanks(at);
		if (*at == ',')
			at = skip_blanks(at + 1);
	}
	*entry = JENTRY_ISCONTAINER | (JEntry) (builder->next - start);
	return at + 1;
}

/* Finds an object's pairs, and where it ends; NULL to decline. */
static const char *
find_pairs(const char *s, Pair *pairs, int *n)
{
	*n = 0;
	s = skip_blanks(s + 1);
	while (*s != '}')
	{
		Pair *pair = &pairs[*n];
		const char *end = s + 1;

		if (*n == MAX_PAIRS)
			return NULL;
		pair->key = end;
		while (*end != '"')
		{
			if (*end == '\\')
				return NULL;
			end++;
		}
		pair->key_len = (uint32) (end - pair->key);
		pair->value = skip_blanks(skip_blanks(end + 1) + 1);
		s = skip_blanks(skip_any(pair->value));
		if (*s == ',')
			s = skip_blanks(s + 1);
		(*n)++;
	}
	return s + 1;
}

static inline int
compare_keys(const Pair *a, const Pair *b)
{
	if (a->key_len != b->key_len)
		return a->key_len < b->key_len ? -1 : 1;
	return memcmp(a->key, b->key, a->key_len);
}

/* Sorts the pairs, and drops all but the last of those with one key. */
static int
sort_pairs(Pair *pairs, int n)
{
	int kept = 0;

	for (int i = 0; i < n; i++)
	{
		Pair pair = pairs[i];
		int at = kept;

		while (at > 0 && compare_keys(&pairs[at - 1], &pair) > 0)
			at--;
		if (at > 0 && compare_keys(&pairs[at - 1], &pair) == 0)
		{
			pairs[at - 1] = pair;
			continue;
		}
		memmove(&pairs[at + 1], &pairs[at], (kept - at) * sizeof(Pair));
		pairs[at] = pair;
		kept++;
	}
	return kept;
}

static const char *
build_object(Builder *builder, const char *s, int depth, JEntry *entry)
{
	Pair pairs[MAX_PAIRS];
	char *start = builder->next;
	const char *end;
	JEntry *entries;
	uint32 total = 0;
	int n;

	end = find_pairs(s, pairs, &n);
	if (end == NULL)
		return NULL;
	n = sort_pairs(pairs, n);
	entries =
		begin_container(builder, JB_FOBJECT | (uint32) n, 2 * (uint32) n);
	for (int i = 0; i < n; i++)
	{
		memcpy(builder->next, pairs[i].key, pairs[i].key_len);
		builder->next += pairs[i].key_len;
		put_entry(entries, (uint32) i, JENTRY_ISSTRING | pairs[i].key_len,
				  &total);
	}
	for (int i = 0; i < n; i++)
	{
		JEntry value;

		if (build_value(builder, pairs[i].value, depth + 1, &value) == NULL)
			return NULL;
		put_entry(entries, (uint32) (n + i), value, &total);
	}
	*entry = JENTRY_ISCONTAINER | (JEntry) (builder->next - start);
	return end;
}

static const char *
build_value(Builder *builder, const char *s, int depth, JEntry *entry)
{
	if (depth > MAX_DEPTH)
		return NULL;
	switch (*s)
	{
		case '{':
			return build_object(builder, s, depth, entry);
		case '[':
			return build_array(builder, s, depth, entry);
		case '"':
			return build_string(builder, s, entry);
		case 't':
			*entry = JENTRY_ISBOOL_TRUE;
			return s + 4;
		case 'f':
			*entry = JENTRY_ISBOOL_FALSE;
			return s + 5;
		case 'n':
			*entry = JENTRY_ISNULL;
			return s + 4;
		default:
			return build_number(builder, s, skip_word(s), entry);
	}
}

/* A scalar by itself is kept as an array of one. */
static bool
build_scalar(Builder *builder, const char *s, size_t n)
{
	JEntry *entries = begin_container(builder, JB_FARRAY | JB_FSCALAR | 1, 1);
	uint32 total = 0;
	JEntry entry;
	const char *end;

	if (*s == '-' || (*s >= '0' && *s <= '9'))
		end = build_number(builder, s, s + n, &entry);
	else
		end = build_value(builder, s, 0, &entry);
	if (end == NULL)
		return false;
	put_entry(entries, 0, entry, &total);
	return true;
}

static bool
convert_jsonb(const EtlConversion *conversion, EtlArena *arena, const char *s,
			  size_t n, Datum *value)
{
	Builder builder;
	JEntry entry;
	bool ok;

	if (n == 0 || n > MAX_TEXT)
		return false;
	builder.start = etl_arena_alloc(arena, n * GROWTH + OVERHEAD);
	builder.next = builder.start + VARHDRSZ;
	builder.utf8 = GetDatabaseEncoding() == PG_UTF8;
	if (*s == '{' || *s == '[')
		ok = build_value(&builder, s, 0, &entry) != NULL;
	else
		ok = build_scalar(&builder, s, n);
	etl_arena_trim(arena, ok ? builder.next : builder.start);
	SET_VARSIZE(builder.start, builder.next - builder.start);
	*value = PointerGetDatum(builder.start);
	return ok;
}

static bool
convert_json(const EtlConversion *conversion, EtlArena *arena, const char *s,
			 size_t n, Datum *value)
{
	text *json = etl_arena_alloc(arena, VARHDRSZ + n);

	SET_VARSIZE(json, VARHDRSZ + n);
	memcpy(VARDATA(json), s, n);
	*value = PointerGetDatum(json);
	return true;
}

static inline void
convert_many(EtlConvert convert, const EtlConversion *conversion,
			 EtlArena *arena, const EtlField *field, size_t stride, int n,
			 Datum *values, bool *isnull, bool *declined)
{
	for (int i = 0; i < n; i++, field += stride)
	{
		isnull[i] = field->kind < ETL_FIELD_TEXT;
		values[i] = (Datum) 0;
		if (!isnull[i] &&
			!convert(conversion, arena, field->data, field->len, &values[i]))
			declined[i] = true;
	}
}

static void
convert_json_many(const EtlConversion *conversion, EtlArena *arena,
				  const EtlField *field, size_t stride, int n, Datum *values,
				  bool *isnull, bool *declined)
{
	convert_many(convert_json, conversion, arena, field, stride, n, values,
				 isnull, declined);
}

static void
convert_jsonb_many(const EtlConversion *conversion, EtlArena *arena,
				   const EtlField *field, size_t stride, int n, Datum *values,
				   bool *isnull, bool *declined)
{
	convert_many(convert_jsonb, conversion, arena, field, stride, n, values,
				 isnull, declined);
}

EtlConvert
etl_convert_json_find(Oid type)
{
	convert_numeric = etl_convert_find(NUMERICOID, -1, &numeric);
	if (type == JSONOID)
		return convert_json;
	return type == JSONBOID ? convert_jsonb : NULL;
}

EtlConvertMany
etl_convert_json_find_many(EtlConvert convert)
{
	if (convert == convert_json)
		return convert_json_many;
	return convert == convert_jsonb ? convert_jsonb_many : NULL;
}
