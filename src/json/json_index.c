/*
 * json_index.c
 *	  Where the tokens of JSON text begin, 64 bytes a step.
 *
 * A block of 64 bytes becomes one 64-bit mask for each kind of byte; from there
 * on everything is arithmetic on masks (json_index_loop.h).  Only the making of
 * the masks and the quotes' parity differ between instruction sets; which one
 * is used is decided at run time.
 *
 * With a table lookup by a byte's lower half, one comparison finds all
 * operators and another all blanks: each half belongs to one of them at most.
 * Setting bit 5 makes [ and ] equal { and }, but also two control characters
 * equal a colon and a comma.
 */
#include "json/json_index.h"

#include <string.h>

#include "json/json_escaped.h"
#include "record/simd.h"

typedef struct BlockMasks
{
	uint64_t operators; /* { } [ ] : , */
	uint64_t blanks;
	uint64_t quotes;
	uint64_t backslashes;
	uint64_t controls;
	uint64_t line_feeds;
	bool special;
} BlockMasks;

/* The portable implementation. */

enum
{
	CLASS_OPERATOR = 1,
	CLASS_BLANK = 2,
	CLASS_CONTROL = 4
};

static inline unsigned
class_of(unsigned char c)
{
	switch (c)
	{
		case '{':
		case '}':
		case '[':
		case ']':
		case ':':
		case ',':
			return CLASS_OPERATOR;
		case ' ':
			return CLASS_BLANK;
		case '\t':
		case '\n':
		case '\r':
			return CLASS_BLANK | CLASS_CONTROL;
		default:
			return c < 0x20 ? CLASS_CONTROL : 0;
	}
}

static void
block_masks_portable(const unsigned char *block, BlockMasks *m)
{
	memset(m, 0, sizeof(*m));
	for (int i = 0; i < ETL_JSON_BLOCK; i++)
	{
		unsigned char c = block[i];
		uint64_t bit = (uint64_t) 1 << i;
		unsigned class = class_of(c);

		if (class & CLASS_OPERATOR)
			m->operators |= bit;
		if (class & CLASS_BLANK)
			m->blanks |= bit;
		if (class & CLASS_CONTROL)
			m->controls |= bit;
		if (c == '"')
			m->quotes |= bit;
		else if (c == '\\')
			m->backslashes |= bit;
		else if (c == '\n')
			m->line_feeds |= bit;
		else if (c >= 0x80)
			m->special = true;
	}
}

#define INDEX_NAME index_portable
#define INDEX_TARGET
#define BLOCK_MASKS block_masks_portable
#define PREFIX_XOR etl_simd_prefix_xor
#define LOWEST_BIT etl_simd_lowest_bit
#include "json/json_index_loop.h"

#if defined(__x86_64__)

static inline void
block_masks_sse2(const unsigned char *block, BlockMasks *m)
{
	__m128i v[4];
	__m128i low[4]; /* bit 5 set */
	__m128i control[4];
	__m128i any;

	for (int i = 0; i < 4; i++)
	{
		v[i] = _mm_loadu_si128((const __m128i *) (block + 16 * i));
		low[i] = _mm_or_si128(v[i], _mm_set1_epi8(0x20));
		control[i] =
			_mm_cmpeq_epi8(_mm_min_epu8(v[i], _mm_set1_epi8(0x1F)), v[i]);
	}
	m->quotes = etl_simd_equal_sse2(v, '"');
	m->backslashes = etl_simd_equal_sse2(v, '\\');
	m->line_feeds = etl_simd_equal_sse2(v, '\n');
	m->operators = etl_simd_equal_sse2(low, '{') |
				   etl_simd_equal_sse2(low, '}') |
				   etl_simd_equal_sse2(v, ':') | etl_simd_equal_sse2(v, ',');
	m->blanks = m->line_feeds | etl_simd_equal_sse2(v, ' ') |
				etl_simd_equal_sse2(v, '\t') | etl_simd_equal_sse2(v, '\r');
	m->controls =
		etl_simd_bits_sse2(control[0], control[1], control[2], control[3]);
	any = _mm_or_si128(_mm_or_si128(v[0], v[1]), _mm_or_si128(v[2], v[3]));
	m->special = _mm_movemask_epi8(any) != 0;
}

#define INDEX_NAME index_sse2
#define INDEX_TARGET
#define BLOCK_MASKS block_masks_sse2
#define PREFIX_XOR etl_simd_prefix_xor
#define LOWEST_BIT etl_simd_lowest_bit
#include "json/json_index_loop.h"

ETL_SIMD_AVX2 static inline void
block_masks_avx2(const unsigned char *block, BlockMasks *m)
{
	const __m256i operators =
		_mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0,
						 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}',
						 0, 0);
	const __m256i blanks =
		_mm256_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r',
						 0, 0, ' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0,
						 '\r', 0, 0);
	const __m256i bit5 = _mm256_set1_epi8(0x20);
	const __m256i last_control = _mm256_set1_epi8(0x1F);
	__m256i a = _mm256_loadu_si256((const __m256i *) block);
	__m256i b = _mm256_loadu_si256((const __m256i *) (block + 32));

	m->quotes = etl_simd_equal_avx2(a, b, '"');
	m->backslashes = etl_simd_equal_avx2(a, b, '\\');
	m->line_feeds = etl_simd_equal_avx2(a, b, '\n');
	m->operators =
		etl_simd_bits_avx2(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(operators, a),
											 _mm256_or_si256(a, bit5)),
						   _mm256_cmpeq_epi8(_mm256_shuffle_epi8(operators, b),
											 _mm256_or_si256(b, bit5)));
	m->blanks = etl_simd_bits_avx2(
		_mm256_cmpeq_epi8(_mm256_shuffle_epi8(blanks, a), a),
		_mm256_cmpeq_epi8(_mm256_shuffle_epi8(blanks, b), b));
	m->controls = etl_simd_bits_avx2(
		_mm256_cmpeq_epi8(_mm256_min_epu8(a, last_control), a),
		_mm256_cmpeq_epi8(_mm256_min_epu8(b, last_control), b));
	m->operators &= ~m->controls;
	m->special = _mm256_movemask_epi8(_mm256_or_si256(a, b)) != 0;
}

#define INDEX_NAME index_avx2
#define INDEX_TARGET ETL_SIMD_AVX2
#define BLOCK_MASKS block_masks_avx2
#define PREFIX_XOR etl_simd_prefix_xor_clmul
#define LOWEST_BIT (uint32_t) _tzcnt_u64
#include "json/json_index_loop.h"

#elif defined(__aarch64__)

static inline void
block_masks_neon(const unsigned char *block, BlockMasks *m)
{
	const uint8x16_t operators = {0, 0, 0,   0,   0,   0,   0, 0,
								  0, 0, ':', '{', ',', '}', 0, 0};
	const uint8x16_t blanks = {' ', 0,    0,    0, 0, 0,    0, 0,
							   0,   '\t', '\n', 0, 0, '\r', 0, 0};
	const uint8x16_t half = vdupq_n_u8(0x0F);
	uint8x16_t v[4];
	uint8x16_t operator[4];
	uint8x16_t blank[4];
	uint8x16_t control[4];
	uint8x16_t most;

	for (int i = 0; i < 4; i++)
	{
		uint8x16_t low;

		v[i] = vld1q_u8(block + 16 * i);
		low = vandq_u8(v[i], half);
		operator[i] = vceqq_u8(vqtbl1q_u8(operators, low),
							   vorrq_u8(v[i], vdupq_n_u8(0x20)));
		blank[i] = vceqq_u8(vqtbl1q_u8(blanks, low), v[i]);
		control[i] = vcltq_u8(v[i], vdupq_n_u8(0x20));
	}
	m->quotes = etl_simd_equal_neon(v, '"');
	m->backslashes = etl_simd_equal_neon(v, '\\');
	m->line_feeds = etl_simd_equal_neon(v, '\n');
	m->operators =
		etl_simd_bits_neon(operator[0], operator[1], operator[2], operator[3]);
	m->blanks = etl_simd_bits_neon(blank[0], blank[1], blank[2], blank[3]);
	m->controls =
		etl_simd_bits_neon(control[0], control[1], control[2], control[3]);
	m->operators &= ~m->controls;
	most = vmaxq_u8(vmaxq_u8(v[0], v[1]), vmaxq_u8(v[2], v[3]));
	m->special = vmaxvq_u8(most) >= 0x80;
}

#define INDEX_NAME index_neon
#define INDEX_TARGET
#define BLOCK_MASKS block_masks_neon
#define PREFIX_XOR etl_simd_prefix_xor
#define LOWEST_BIT etl_simd_lowest_bit
#include "json/json_index_loop.h"

#endif

typedef size_t (*IndexFunction)(EtlJsonIndexer *indexer,
								const unsigned char *buf, size_t len,
								bool last, uint32_t base, uint32_t *tokens,
								size_t *ntokens, EtlJsonBlock *blocks);

typedef struct Implementation
{
	const char *name;
	IndexFunction index;
} Implementation;

#define MAX_IMPLEMENTATIONS 3

/* Those that this processor can run, best first; filled at first use. */
static Implementation implementations[MAX_IMPLEMENTATIONS];
static const char *implementation_names[MAX_IMPLEMENTATIONS + 1];
static IndexFunction chosen = NULL;

static void
find_implementations(void)
{
	int n = 0;

#if defined(__x86_64__)
	if (etl_simd_has_avx2())
		implementations[n++] = (Implementation){"avx2", index_avx2};
	implementations[n++] = (Implementation){"sse2", index_sse2};
#elif defined(__aarch64__)
	implementations[n++] = (Implementation){"neon", index_neon};
#endif
	implementations[n++] = (Implementation){"portable", index_portable};

	for (int i = 0; i < n; i++)
		implementation_names[i] = implementations[i].name;
	implementation_names[n] = NULL;
	chosen = implementations[0].index;
}

const char *const *
etl_json_index_implementations(void)
{
	if (chosen == NULL)
		find_implementations();
	return implementation_names;
}

bool
etl_json_index_use(const char *name)
{
	const char *const *names = etl_json_index_implementations();

	for (int i = 0; names[i] != NULL; i++)
	{
		if (strcmp(names[i], name) == 0)
		{
			chosen = implementations[i].index;
			return true;
		}
	}
	return false;
}

size_t
etl_json_index(EtlJsonIndexer *indexer, const char *buf, size_t len, bool last,
			   uint32_t base, uint32_t *tokens, size_t *ntokens,
			   EtlJsonBlock *blocks)
{
	if (chosen == NULL)
		find_implementations();
	return chosen(indexer, (const unsigned char *) buf, len, last, base,
				  tokens, ntokens, blocks);
}

static bool
is_hex(const char *s, int n)
{
	for (int i = 0; i < n; i++)
	{
		char lower = s[i] | 0x20;

		if (!(s[i] >= '0' && s[i] <= '9') && !(lower >= 'a' && lower <= 'f'))
			return false;
	}
	return true;
}

bool
etl_json_bad_escape(const char *buf, const EtlJsonBlock *blocks, size_t begin,
					size_t end)
{
	for (size_t i = begin / ETL_JSON_BLOCK; i <= (end - 1) / ETL_JSON_BLOCK;
		 i++)
	{
		uint64_t left = blocks[i].escapes;

		for (; left != 0; left &= left - 1)
		{
			size_t at = i * ETL_JSON_BLOCK + (size_t) __builtin_ctzll(left);
			const char *s = buf + at + 1;

			if (at < begin || at >= end)
				continue;
			if (*s == 'u' ? !is_hex(s + 1, 4)
						  : *s == '\0' || strchr("\"\\/bfnrt", *s) == NULL)
				return true;
		}
	}
	return false;
}
