/*
 * json_lines.c
 *	  Counts lines that are a value each, 64 bytes a step.
 *
 * As in json_index.c, a block becomes masks, and only their making and the
 * quotes' parity differ between instruction sets.  A line feed ends a line
 * wherever it stands: in a string it is a fault.
 */
#include "json/json_lines.h"

#include <string.h>

#include "json/json_escaped.h"
#include "record/simd.h"

#define BLOCK 64

/* Bit i of each mask speaks of byte i of the block. */
typedef struct LineMasks
{
	uint64_t quotes;
	uint64_t backslashes;
	uint64_t opens;  /* { [ */
	uint64_t closes; /* } ] */
	uint64_t commas;
	uint64_t line_feeds;
	uint64_t returns;
	uint64_t blanks; /* with line feeds and returns */
} LineMasks;

/* What may stand behind a closing bracket for sure. */
static inline bool
may_follow_close(unsigned char c)
{
	return c == ',' || c == '}' || c == ']' || c == '\n' || c == '\r';
}

/* Adds a part of a line, which the mask tells, to what is known of it. */
static inline void
add_to_line(EtlJsonCounter *state, uint64_t part, uint64_t opens,
			uint64_t closes, uint64_t odd, uint64_t text)
{
	text &= part;
	if (!state->begun && text != 0)
	{
		state->begun = true;
		state->odd = (opens & text & -text) == 0;
	}
	state->open += __builtin_popcountll(opens & part) -
				   __builtin_popcountll(closes & part);
	state->odd |= (odd & part) != 0;
}

static void
line_masks_portable(const unsigned char *block, LineMasks *m)
{
	memset(m, 0, sizeof(*m));
	for (int i = 0; i < BLOCK; i++)
	{
		unsigned char c = block[i];
		uint64_t bit = (uint64_t) 1 << i;

		switch (c)
		{
			case '"':
				m->quotes |= bit;
				break;
			case '\\':
				m->backslashes |= bit;
				break;
			case '{':
			case '[':
				m->opens |= bit;
				break;
			case '}':
			case ']':
				m->closes |= bit;
				break;
			case ',':
				m->commas |= bit;
				break;
			case '\n':
				m->line_feeds |= bit;
				m->blanks |= bit;
				break;
			case '\r':
				m->returns |= bit;
				m->blanks |= bit;
				break;
			case ' ':
			case '\t':
				m->blanks |= bit;
				break;
			default:
				break;
		}
	}
}

#define COUNT_NAME count_portable
#define COUNT_TARGET
#define LINE_MASKS line_masks_portable
#define PREFIX_XOR etl_simd_prefix_xor
#include "json/json_lines_loop.h"

#if defined(__x86_64__)

static inline void
line_masks_sse2(const unsigned char *block, LineMasks *m)
{
	__m128i v[4];
	__m128i low[4]; /* bit 5 set, so that brackets of a kind are the same */

	for (int i = 0; i < 4; i++)
	{
		v[i] = _mm_loadu_si128((const __m128i *) (block + 16 * i));
		low[i] = _mm_or_si128(v[i], _mm_set1_epi8(0x20));
	}
	m->quotes = etl_simd_equal_sse2(v, '"');
	m->backslashes = etl_simd_equal_sse2(v, '\\');
	m->opens = etl_simd_equal_sse2(low, '{');
	m->closes = etl_simd_equal_sse2(low, '}');
	m->commas = etl_simd_equal_sse2(v, ',');
	m->line_feeds = etl_simd_equal_sse2(v, '\n');
	m->returns = etl_simd_equal_sse2(v, '\r');
	m->blanks = m->line_feeds | m->returns | etl_simd_equal_sse2(v, ' ') |
				etl_simd_equal_sse2(v, '\t');
}

#define COUNT_NAME count_sse2
#define COUNT_TARGET
#define LINE_MASKS line_masks_sse2
#define PREFIX_XOR etl_simd_prefix_xor
#include "json/json_lines_loop.h"

ETL_SIMD_AVX2 static inline void
line_masks_avx2(const unsigned char *block, LineMasks *m)
{
	const __m256i bit5 = _mm256_set1_epi8(0x20);
	__m256i a = _mm256_loadu_si256((const __m256i *) block);
	__m256i b = _mm256_loadu_si256((const __m256i *) (block + 32));
	__m256i low_a = _mm256_or_si256(a, bit5);
	__m256i low_b = _mm256_or_si256(b, bit5);

	m->quotes = etl_simd_equal_avx2(a, b, '"');
	m->backslashes = etl_simd_equal_avx2(a, b, '\\');
	m->opens = etl_simd_equal_avx2(low_a, low_b, '{');
	m->closes = etl_simd_equal_avx2(low_a, low_b, '}');
	m->commas = etl_simd_equal_avx2(a, b, ',');
	m->line_feeds = etl_simd_equal_avx2(a, b, '\n');
	m->returns = etl_simd_equal_avx2(a, b, '\r');
	m->blanks = m->line_feeds | m->returns | etl_simd_equal_avx2(a, b, ' ') |
				etl_simd_equal_avx2(a, b, '\t');
}

#define COUNT_NAME count_avx2
#define COUNT_TARGET ETL_SIMD_AVX2
#define LINE_MASKS line_masks_avx2
#define PREFIX_XOR etl_simd_prefix_xor_clmul
#include "json/json_lines_loop.h"

#elif defined(__aarch64__)

static inline void
line_masks_neon(const unsigned char *block, LineMasks *m)
{
	uint8x16_t v[4];
	uint8x16_t low[4]; /* bit 5 set, so that brackets of a kind are the same */

	for (int i = 0; i < 4; i++)
	{
		v[i] = vld1q_u8(block + 16 * i);
		low[i] = vorrq_u8(v[i], vdupq_n_u8(0x20));
	}
	m->quotes = etl_simd_equal_neon(v, '"');
	m->backslashes = etl_simd_equal_neon(v, '\\');
	m->opens = etl_simd_equal_neon(low, '{');
	m->closes = etl_simd_equal_neon(low, '}');
	m->commas = etl_simd_equal_neon(v, ',');
	m->line_feeds = etl_simd_equal_neon(v, '\n');
	m->returns = etl_simd_equal_neon(v, '\r');
	m->blanks = m->line_feeds | m->returns | etl_simd_equal_neon(v, ' ') |
				etl_simd_equal_neon(v, '\t');
}

#define COUNT_NAME count_neon
#define COUNT_TARGET
#define LINE_MASKS line_masks_neon
#define PREFIX_XOR etl_simd_prefix_xor
#include "json/json_lines_loop.h"

#endif

typedef void (*CountFunction)(EtlJsonCounter *counter,
							  const unsigned char *buf, size_t len,
							  size_t until, EtlJsonCount *count);

typedef struct Implementation
{
	const char *name;
	CountFunction count;
} Implementation;

#define MAX_IMPLEMENTATIONS 3

/* Those that this processor can run, best first; filled at first use. */
static Implementation implementations[MAX_IMPLEMENTATIONS];
static const char *implementation_names[MAX_IMPLEMENTATIONS + 1];
static CountFunction chosen = NULL;

static void
find_implementations(void)
{
	int n = 0;

#if defined(__x86_64__)
	if (etl_simd_has_avx2())
		implementations[n++] = (Implementation){"avx2", count_avx2};
	implementations[n++] = (Implementation){"sse2", count_sse2};
#elif defined(__aarch64__)
	implementations[n++] = (Implementation){"neon", count_neon};
#endif
	implementations[n++] = (Implementation){"portable", count_portable};

	for (int i = 0; i < n; i++)
		implementation_names[i] = implementations[i].name;
	implementation_names[n] = NULL;
	chosen = implementations[0].count;
}

const char *const *
etl_json_count_implementations(void)
{
	if (chosen == NULL)
		find_implementations();
	return implementation_names;
}

bool
etl_json_count_use(const char *name)
{
	const char *const *names = etl_json_count_implementations();

	for (int i = 0; names[i] != NULL; i++)
	{
		if (strcmp(names[i], name) == 0)
		{
			chosen = implementations[i].count;
			return true;
		}
	}
	return false;
}

void
etl_json_count_start(EtlJsonCounter *counter, bool any_line)
{
	memset(counter, 0, sizeof(*counter));
	counter->any_line = any_line;
}

void
etl_json_count(EtlJsonCounter *counter, const char *buf, size_t len,
			   size_t until, EtlJsonCount *count)
{
	if (chosen == NULL)
		find_implementations();
	chosen(counter, (const unsigned char *) buf, len, until, count);
}
