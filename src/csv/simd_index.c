/*
 * simd_index.c
 *	  Finds every delimiter and line end outside quotes, 64 bytes a step.
 *
 * A block of 64 bytes becomes one 64-bit mask for each kind of byte; from there
 * on everything is arithmetic on masks (simd_index_loop.h).  Only the making of
 * the masks and the quotes' parity differ between instruction sets; which one
 * is used is decided at run time.
 */
#include "csv/simd_index.h"

#include <string.h>

#include "record/simd.h"

/* Bit i of each mask speaks of byte i of the block. */
typedef struct BlockMasks
{
	uint64_t quote;
	uint64_t delimiter;
	uint64_t line_feed;
	uint64_t carriage_return;
	uint64_t special;        /* not zero: some byte is NUL or not ASCII */
	uint64_t next_line_feed; /* at the last byte's bit: an LF follows */
	uint64_t next_ends;      /* at the last byte's bit: what follows may stand
								behind a closing quote */
} BlockMasks;

/* Looks at the byte behind a block's last one, of which there are "there". */
static inline void
peek_next(const EtlCsvIndexer *indexer, const unsigned char *buf, size_t next,
		  size_t len, size_t there, BlockMasks *m)
{
	uint64_t bit = (uint64_t) 1 << (there - 1);
	unsigned char c;

	m->next_line_feed = 0;
	m->next_ends = bit;
	if (next >= len)
		return;
	c = buf[next];
	if (c == '\n')
		m->next_line_feed = bit;
	else if (c != '\r' && c != indexer->delimiter && c != indexer->quote)
		m->next_ends = 0;
}

/* Completes a short last block with bytes that mean nothing. */
static const unsigned char *
fill_tail(const EtlCsvIndexer *indexer, const unsigned char *block,
		  size_t there, unsigned char *tail)
{
	unsigned char filler = 'a';

	while (filler == indexer->delimiter || filler == indexer->quote)
		filler++;
	memset(tail, filler, ETL_CSV_INDEX_BLOCK);
	memcpy(tail, block, there);
	return tail;
}

/*
 * For counting: true if a quote of the block, of which "inside" tells what lies in
 * quotes, doesn't stand where the indexer's loop takes it.
 */
static inline bool
quotes_are_odd(const BlockMasks *m, uint64_t inside, uint64_t line_ends,
			   uint64_t boundary)
{
	uint64_t opening = m->quote & inside;
	uint64_t closing = m->quote & ~inside;
	uint64_t separators = (m->delimiter | line_ends) & ~inside;
	uint64_t begins = ((separators | closing) << 1) | boundary;
	uint64_t ends =
		((m->delimiter | m->line_feed | m->carriage_return | opening) >> 1) |
		m->next_ends;

	return ((opening & ~begins) | (closing & ~ends)) != 0;
}

/* True if a field may begin behind c, which may be a closing quote. */
static inline bool
ends_field(const EtlCsvIndexer *indexer, unsigned char c)
{
	if (indexer->in_quotes)
		return false;
	return c == indexer->delimiter || c == '\n' || c == '\r' ||
		   (indexer->has_quote && c == indexer->quote);
}

static inline bool
begins_blank_line(unsigned char c)
{
	return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

/* The portable implementation. */
static void
block_masks_portable(const unsigned char *block, const EtlCsvIndexer *indexer,
					 BlockMasks *m)
{
	memset(m, 0, sizeof(*m));
	for (int i = 0; i < ETL_CSV_INDEX_BLOCK; i++)
	{
		unsigned char c = block[i];
		uint64_t bit = (uint64_t) 1 << i;

		if (c == indexer->delimiter)
			m->delimiter |= bit;
		else if (indexer->has_quote && c == indexer->quote)
			m->quote |= bit;
		else if (c == '\n')
			m->line_feed |= bit;
		else if (c == '\r')
			m->carriage_return |= bit;
		if (c == 0 || c >= 0x80)
			m->special |= bit;
	}
}

#define INDEX_NAME index_portable
#define COUNT_NAME count_portable
#define INDEX_TARGET
#define BLOCK_MASKS block_masks_portable
#define PREFIX_XOR etl_simd_prefix_xor
#define LOWEST_BIT etl_simd_lowest_bit
#include "csv/simd_count_loop.h"
#include "csv/simd_index_loop.h"

#if defined(__x86_64__)

static inline void
block_masks_sse2(const unsigned char *block, const EtlCsvIndexer *indexer,
				 BlockMasks *m)
{
	__m128i v[4];
	__m128i any;
	__m128i least;

	for (int i = 0; i < 4; i++)
		v[i] = _mm_loadu_si128((const __m128i *) (block + 16 * i));
	m->quote = indexer->has_quote ? etl_simd_equal_sse2(v, indexer->quote) : 0;
	m->delimiter = etl_simd_equal_sse2(v, indexer->delimiter);
	m->line_feed = etl_simd_equal_sse2(v, '\n');
	m->carriage_return = etl_simd_equal_sse2(v, '\r');
	any = _mm_or_si128(_mm_or_si128(v[0], v[1]), _mm_or_si128(v[2], v[3]));
	least = _mm_min_epu8(_mm_min_epu8(v[0], v[1]), _mm_min_epu8(v[2], v[3]));
	m->special = (uint64_t) (_mm_movemask_epi8(any) |
							 _mm_movemask_epi8(
								 _mm_cmpeq_epi8(least, _mm_setzero_si128())));
}

#define INDEX_NAME index_sse2
#define COUNT_NAME count_sse2
#define INDEX_TARGET
#define BLOCK_MASKS block_masks_sse2
#define PREFIX_XOR etl_simd_prefix_xor
#define LOWEST_BIT etl_simd_lowest_bit
#include "csv/simd_count_loop.h"
#include "csv/simd_index_loop.h"

ETL_SIMD_AVX2 static inline void
block_masks_avx2(const unsigned char *block, const EtlCsvIndexer *indexer,
				 BlockMasks *m)
{
	__m256i low = _mm256_loadu_si256((const __m256i *) block);
	__m256i high = _mm256_loadu_si256((const __m256i *) (block + 32));
	__m256i least = _mm256_min_epu8(low, high);

	m->quote = indexer->has_quote
				   ? etl_simd_equal_avx2(low, high, indexer->quote)
				   : 0;
	m->delimiter = etl_simd_equal_avx2(low, high, indexer->delimiter);
	m->line_feed = etl_simd_equal_avx2(low, high, '\n');
	m->carriage_return = etl_simd_equal_avx2(low, high, '\r');
	m->special =
		(uint32_t) (_mm256_movemask_epi8(_mm256_or_si256(low, high)) |
					_mm256_movemask_epi8(
						_mm256_cmpeq_epi8(least, _mm256_setzero_si256())));
}

#define INDEX_NAME index_avx2
#define COUNT_NAME count_avx2
#define INDEX_TARGET ETL_SIMD_AVX2
#define BLOCK_MASKS block_masks_avx2
#define PREFIX_XOR etl_simd_prefix_xor_clmul
#define LOWEST_BIT (uint32_t) _tzcnt_u64
#include "csv/simd_count_loop.h"
#include "csv/simd_index_loop.h"

#elif defined(__aarch64__)

static inline void
block_masks_neon(const unsigned char *block, const EtlCsvIndexer *indexer,
				 BlockMasks *m)
{
	uint8x16_t v[4];
	uint8x16_t most;
	uint8x16_t least;

	for (int i = 0; i < 4; i++)
		v[i] = vld1q_u8(block + 16 * i);
	m->quote = indexer->has_quote ? etl_simd_equal_neon(v, indexer->quote) : 0;
	m->delimiter = etl_simd_equal_neon(v, indexer->delimiter);
	m->line_feed = etl_simd_equal_neon(v, '\n');
	m->carriage_return = etl_simd_equal_neon(v, '\r');
	most = vmaxq_u8(vmaxq_u8(v[0], v[1]), vmaxq_u8(v[2], v[3]));
	least = vminq_u8(vminq_u8(v[0], v[1]), vminq_u8(v[2], v[3]));
	m->special = vmaxvq_u8(most) >= 0x80 || vminvq_u8(least) == 0;
}

#define INDEX_NAME index_neon
#define COUNT_NAME count_neon
#define INDEX_TARGET
#define BLOCK_MASKS block_masks_neon
#define PREFIX_XOR etl_simd_prefix_xor
#define LOWEST_BIT etl_simd_lowest_bit
#include "csv/simd_count_loop.h"
#include "csv/simd_index_loop.h"

#endif

typedef void (*IndexFunction)(EtlCsvIndexer *indexer, const unsigned char *buf,
							  size_t len, bool last, uint32_t base,
							  uint32_t *out, EtlCsvIndexResult *result);

typedef void (*CountFunction)(EtlCsvIndexer *indexer, const unsigned char *buf,
							  size_t len, size_t until, EtlCsvCount *count);

typedef struct Implementation
{
	const char *name;
	IndexFunction index;
	CountFunction count;
} Implementation;

#define MAX_IMPLEMENTATIONS 4

/* Those that this processor can run, best first; filled at first use. */
static Implementation implementations[MAX_IMPLEMENTATIONS];
static const char *implementation_names[MAX_IMPLEMENTATIONS + 1];
static const Implementation *chosen = NULL;

static void
find_implementations(void)
{
	int n = 0;

#if defined(__x86_64__)
	if (etl_simd_has_avx2())
		implementations[n++] =
			(Implementation){"avx2", index_avx2, count_avx2};
	implementations[n++] = (Implementation){"sse2", index_sse2, count_sse2};
#elif defined(__aarch64__)
	implementations[n++] = (Implementation){"neon", index_neon, count_neon};
#endif
	implementations[n++] =
		(Implementation){"portable", index_portable, count_portable};

	for (int i = 0; i < n; i++)
		implementation_names[i] = implementations[i].name;
	implementation_names[n] = NULL;
	chosen = &implementations[0];
}

const char *const *
etl_csv_index_implementations(void)
{
	if (chosen == NULL)
		find_implementations();
	return implementation_names;
}

bool
etl_csv_index_use(const char *name)
{
	const char *const *names = etl_csv_index_implementations();

	for (int i = 0; names[i] != NULL; i++)
	{
		if (strcmp(names[i], name) == 0)
		{
			chosen = &implementations[i];
			return true;
		}
	}
	return false;
}

bool
etl_csv_index_supports(const EtlCsvSyntax *syntax)
{
	return syntax->delimiter_len == 1 && syntax->char_len == NULL &&
		   (syntax->quote == ETL_CSV_NONE ? syntax->escape == ETL_CSV_NONE
										  : syntax->escape == syntax->quote);
}

void
etl_csv_index_start(EtlCsvIndexer *indexer, const EtlCsvSyntax *syntax)
{
	indexer->delimiter = (unsigned char) syntax->delimiter[0];
	indexer->has_quote = syntax->quote != ETL_CSV_NONE;
	/* Without a quote its byte is only used where any separator will do. */
	indexer->quote = indexer->has_quote ? (unsigned char) syntax->quote
										: indexer->delimiter;
	indexer->in_quotes = 0;
	indexer->boundary = 1;
	indexer->line = 1;
}

void
etl_csv_index(EtlCsvIndexer *indexer, const char *buf, size_t len, bool last,
			  uint32_t base, uint32_t *out, EtlCsvIndexResult *result)
{
	if (chosen == NULL)
		find_implementations();
	chosen->index(indexer, (const unsigned char *) buf, len, last, base, out,
				  result);
}

void
etl_csv_count(EtlCsvIndexer *indexer, const char *buf, size_t len,
			  size_t until, EtlCsvCount *count)
{
	if (chosen == NULL)
		find_implementations();
	chosen->count(indexer, (const unsigned char *) buf, len, until, count);
}
