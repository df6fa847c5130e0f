/*
 * simd.h
 *	  What the indexes of several formats need of the instruction sets.
 *
 * An index turns each block of 64 bytes into masks, one bit a byte, and goes on
 * with arithmetic on masks.  Here are the pieces that such code is made of, for
 * each instruction set, and the question which of them this processor has.
 *
 * Plain C.
 */
#ifndef ETL_SIMD_H
#define ETL_SIMD_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* Bit i of the result is the parity of bits 0 to i. */
static inline uint64_t
etl_simd_prefix_xor(uint64_t bits)
{
	bits ^= bits << 1;
	bits ^= bits << 2;
	bits ^= bits << 4;
	bits ^= bits << 8;
	bits ^= bits << 16;
	bits ^= bits << 32;
	return bits;
}

/* The number of the lowest set bit; any for none. */
static inline uint32_t
etl_simd_lowest_bit(uint64_t bits)
{
	return bits ? (uint32_t) __builtin_ctzll(bits) : 0;
}

#if defined(__x86_64__)

#define ETL_SIMD_AVX2 __attribute__((target("avx2,pclmul,bmi,popcnt")))

/* True if functions with that attribute can run. */
static inline bool
etl_simd_has_avx2(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx2") &&
		   __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("bmi") &&
		   __builtin_cpu_supports("popcnt");
}

/* The top bits of 64 bytes. */
static inline uint64_t
etl_simd_bits_sse2(__m128i a, __m128i b, __m128i c, __m128i d)
{
	return (uint64_t) (uint16_t) _mm_movemask_epi8(a) |
		   (uint64_t) (uint16_t) _mm_movemask_epi8(b) << 16 |
		   (uint64_t) (uint16_t) _mm_movemask_epi8(c) << 32 |
		   (uint64_t) (uint16_t) _mm_movemask_epi8(d) << 48;
}

/* Which of 64 bytes are c. */
static inline uint64_t
etl_simd_equal_sse2(const __m128i v[4], unsigned char c)
{
	__m128i want = _mm_set1_epi8((char) c);

	return etl_simd_bits_sse2(_mm_cmpeq_epi8(v[0], want),
							  _mm_cmpeq_epi8(v[1], want),
							  _mm_cmpeq_epi8(v[2], want),
							  _mm_cmpeq_epi8(v[3], want));
}

ETL_SIMD_AVX2 static inline uint64_t
etl_simd_bits_avx2(__m256i low, __m256i high)
{
	return (uint64_t) (uint32_t) _mm256_movemask_epi8(high) << 32 |
		   (uint32_t) _mm256_movemask_epi8(low);
}

ETL_SIMD_AVX2 static inline uint64_t
etl_simd_equal_avx2(__m256i low, __m256i high, unsigned char c)
{
	__m256i want = _mm256_set1_epi8((char) c);

	return etl_simd_bits_avx2(_mm256_cmpeq_epi8(low, want),
							  _mm256_cmpeq_epi8(high, want));
}

/* Multiplying by all ones without carries sums up the bits before each. */
ETL_SIMD_AVX2 static inline uint64_t
etl_simd_prefix_xor_clmul(uint64_t bits)
{
	__m128i ones = _mm_set1_epi8((char) 0xFF);
	__m128i product =
		_mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t) bits), ones, 0);

	return (uint64_t) _mm_cvtsi128_si64(product);
}

#elif defined(__aarch64__)

/* One bit for each of 64 bytes that are all ones or zero. */
static inline uint64_t
etl_simd_bits_neon(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
	const uint8x16_t weights = {1, 2, 4, 8, 16, 32, 64, 128,
								1, 2, 4, 8, 16, 32, 64, 128};
	uint8x16_t ab = vpaddq_u8(vandq_u8(a, weights), vandq_u8(b, weights));
	uint8x16_t cd = vpaddq_u8(vandq_u8(c, weights), vandq_u8(d, weights));
	uint8x16_t sum = vpaddq_u8(ab, cd);

	sum = vpaddq_u8(sum, sum);
	return vgetq_lane_u64(vreinterpretq_u64_u8(sum), 0);
}

/* Which of 64 bytes are c. */
static inline uint64_t
etl_simd_equal_neon(const uint8x16_t v[4], unsigned char c)
{
	uint8x16_t want = vdupq_n_u8(c);

	return etl_simd_bits_neon(vceqq_u8(v[0], want), vceqq_u8(v[1], want),
							  vceqq_u8(v[2], want), vceqq_u8(v[3], want));
}

#endif

#endif
