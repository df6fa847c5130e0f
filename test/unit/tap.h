/*
 * tap.h
 *	  The little that a unit test needs to speak TAP.
 */
#ifndef TEST_TAP_H
#define TEST_TAP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static int tap_tests = 0;
static int tap_failures = 0;

static inline void
tap_ok(bool ok, const char *name)
{
	printf("%sok %d - %s\n", ok ? "" : "not ", ++tap_tests, name);
	tap_failures += !ok;
}

/* Prints the plan; what main() returns. */
static inline int
tap_done(void)
{
	printf("1..%d\n", tap_tests);
	return tap_failures == 0 ? 0 : 1;
}

/* A small deterministic generator. */
static uint64_t tap_seed = UINT64_C(0x9E3779B97F4A7C15);

static inline unsigned
tap_random(unsigned below)
{
	tap_seed ^= tap_seed << 13;
	tap_seed ^= tap_seed >> 7;
	tap_seed ^= tap_seed << 17;
	return (unsigned) (tap_seed >> 33) % below;
}

#endif
