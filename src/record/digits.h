/*
 * digits.h
 *	  Digits as words: eight characters a step.
 *
 * Eight characters are loaded into one uint64, the first of them in the lowest
 * byte, tested and combined at once.  Fewer characters are loaded with '0' bytes
 * in front, so that one path does for all lengths.
 *
 * Plain C.  No byte outside the characters given is read, but where slack is
 * promised: then the 8 bytes before them can be read, whatever they are.
 */
#ifndef ETL_DIGITS_H
#define ETL_DIGITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ETL_DIGITS_ZEROS UINT64_C(0x3030303030303030)
#define ETL_DIGITS_DOTS UINT64_C(0x2E2E2E2E2E2E2E2E)
#define ETL_DIGITS_ONES UINT64_C(0x0101010101010101)
#define ETL_DIGITS_HIGHS UINT64_C(0x8080808080808080)

static inline uint64_t
etl_digits_load8(const char *s)
{
	uint64_t word;

	memcpy(&word, s, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

static inline uint64_t
etl_digits_load4(const char *s)
{
	uint32_t word;

	memcpy(&word, s, 4);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap32(word);
#endif
	return word;
}

/* The 1 to 8 characters at s behind as many '0' as make it eight. */
static inline uint64_t
etl_digits_load(const char *s, size_t n)
{
	unsigned shift = (unsigned) (8 - n) * 8;
	uint64_t word;

	if (n == 8)
		return etl_digits_load8(s);
	if (n >= 4)
		word = etl_digits_load4(s) | etl_digits_load4(s + n - 4)
										 << (n - 4) * 8;
	else
		word = (uint64_t) (unsigned char) s[0] |
			   (uint64_t) (unsigned char) s[n / 2] << (n / 2) * 8 |
			   (uint64_t) (unsigned char) s[n - 1] << (n - 1) * 8;
	return word << shift | ETL_DIGITS_ZEROS >> (64 - shift);
}

/* The same, without branches, with slack. */
static inline uint64_t
etl_digits_load_back(const char *s, size_t n)
{
	uint64_t behind = ~UINT64_C(0) << (8 - n) * 8;

	return (etl_digits_load8(s + n - 8) & behind) |
		   (ETL_DIGITS_ZEROS & ~behind);
}

/* True if all eight bytes are digits. */
static inline bool
etl_digits_all(uint64_t word)
{
	return ((word & UINT64_C(0xF0F0F0F0F0F0F0F0)) |
			((word + UINT64_C(0x0606060606060606)) &
			 UINT64_C(0xF0F0F0F0F0F0F0F0)) >>
				4) == UINT64_C(0x3333333333333333);
}

/* Eight digits as pairs: four 16-bit lanes, the first in the lowest. */
static inline uint64_t
etl_digits_pairs(uint64_t word)
{
	word &= UINT64_C(0x0F0F0F0F0F0F0F0F);
	return (word * 10 + (word >> 8)) & UINT64_C(0x00FF00FF00FF00FF);
}

static inline uint64_t
etl_digits_value(uint64_t word)
{
	word = (word & UINT64_C(0x0F0F0F0F0F0F0F0F)) * 2561 >> 8;
	word = (word & UINT64_C(0x00FF00FF00FF00FF)) * 6553601 >> 16;
	return (word & UINT64_C(0x0000FFFF0000FFFF)) * UINT64_C(42949672960001) >>
		   32;
}

/* The position of the first point among eight characters, or 8. */
static inline unsigned
etl_digits_point(uint64_t word)
{
	uint64_t x = word ^ ETL_DIGITS_DOTS;

	/* The lowest flag of the usual test for a zero byte is exact. */
	x = (x - ETL_DIGITS_ONES) & ~x & ETL_DIGITS_HIGHS;
	return x ? (unsigned) __builtin_ctzll(x) / 8 : 8;
}

/* Takes the character at k out and moves those before it up; first enters. */
static inline uint64_t
etl_digits_remove(uint64_t word, unsigned k, uint64_t first)
{
	uint64_t before = (UINT64_C(1) << 8 * k) - 1;
	uint64_t kept = k < 7 ? ~UINT64_C(0) << 8 * (k + 1) : 0;

	return (word & kept) | (word & before) << 8 | first;
}

/*
 * The digits of an unsigned decimal of 1 to 16 characters, as the last sixteen
 * there are, '0' in front; and how many stand behind its point.  False if there
 * are other characters.
 */
static inline __attribute__((always_inline)) bool
etl_digits_split(const char *s, size_t n, bool slack, uint64_t *high,
				 uint64_t *low, int *scale)
{
	unsigned point;

	*scale = 0;
	if (n <= 8)
	{
		*high = ETL_DIGITS_ZEROS;
		*low = slack ? etl_digits_load_back(s, n) : etl_digits_load(s, n);
		point = etl_digits_point(*low);
		if (point < 8)
		{
			*scale = 7 - (int) point;
			*low = etl_digits_remove(*low, point, '0');
		}
		return etl_digits_all(*low);
	}

	*low = etl_digits_load8(s + n - 8);
	*high = slack ? etl_digits_load_back(s, n - 8) : etl_digits_load(s, n - 8);
	point = etl_digits_point(*low);
	if (point < 8)
	{
		*scale = 7 - (int) point;
		*low = etl_digits_remove(*low, point, *high >> 56);
		*high = *high << 8 | '0';
	}
	else if ((point = etl_digits_point(*high)) < 8)
	{
		*scale = 15 - (int) point;
		*high = etl_digits_remove(*high, point, '0');
	}
	return etl_digits_all(*low) && etl_digits_all(*high);
}

/* Eight digits as two numbers of four, the first in the lower half. */
static inline uint64_t
etl_digits_quads(uint64_t word)
{
	uint64_t pairs = etl_digits_pairs(word);

	return (pairs * 100 + (pairs >> 16)) & UINT64_C(0x0000FFFF0000FFFF);
}

#endif
