/*
 * generate.c
 *	  Writes test data to stdout: the same bytes for the same arguments.
 *
 * usage: generate TABLE ROWS
 *
 * lineitem, narrow and quoted are CSV; ndjson and array the same objects, a line
 * each or as one array.  bad_1 and bad_50 are lineitem with so many per cent of
 * the rows spoilt, in turn by a date that is none, a missing number and a
 * quantity of zero; duplicate_1 with a hundredth of the keys those of other rows.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE (1 << 20)
#define MAX_ROW 2048
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static char buffer[BUFFER_SIZE];
static size_t used;
static uint64_t state = 20240229;

static const char *const words[] = {
	"carefully", "ironic", "deposits", "sleep", "furiously", "regular",
	"requests",  "haggle", "blithely", "final", "packages",  "about",
	"the",       "quick",  "accounts", "among", "pending",   "theodolites",
	"above",     "silent", "pinto",    "beans", "use",       "slyly",
};
static const char *const instructions[] = {"DELIVER IN PERSON", "COLLECT COD",
										   "NONE", "TAKE BACK RETURN"};
static const char *const modes[] = {"REG AIR", "AIR",  "RAIL", "SHIP",
									"TRUCK",   "MAIL", "FOB"};

/* xorshift64*: a number in [0, limit). */
static uint32_t
draw(uint32_t limit)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t) (((state * UINT64_C(2685821657736338717)) >> 32) *
						   limit >>
					   32);
}

static void
put(char c)
{
	buffer[used++] = c;
}

static void
put_text(const char *text)
{
	size_t len = strlen(text);

	memcpy(buffer + used, text, len);
	used += len;
}

/* At least width digits. */
static void
put_number(uint64_t number, int width)
{
	char digits[20];
	int n = 0;

	do
		digits[n++] = (char) ('0' + number % 10);
	while ((number /= 10) > 0 || n < width);
	while (n > 0)
		put(digits[--n]);
}

static void
put_hundredths(uint64_t number)
{
	put_number(number / 100, 1);
	put('.');
	put_number(number % 100, 2);
}

static void
put_date(uint32_t day)
{
	put_number(1992 + day / 360, 4);
	put('-');
	put_number(1 + day % 360 / 30, 2);
	put('-');
	put_number(1 + day % 28, 2);
}

static void
put_words(uint32_t n, bool with_breaks)
{
	uint32_t i;

	for (i = 0; i < n; i++)
	{
		if (i > 0)
			put(with_breaks && draw(12) == 0 ? '\n' : ' ');
		if (with_breaks && draw(16) == 0)
		{
			put_text("\"\"");
			put_text(words[draw(LENGTH(words))]);
			put_text("\"\",");
		}
		else
			put_text(words[draw(LENGTH(words))]);
	}
}

typedef enum Fault
{
	NO_DATE,
	NO_NUMBER,
	ZERO,
	NONE
} Fault;

/* The row with the key of row number key; the same draws whatever the fault. */
static void
spoilt_lineitem(uint64_t key, Fault fault)
{
	uint32_t quantity = 1 + draw(50);
	uint32_t day = draw(2400);
	uint32_t supplier;

	put_number(1 + key / 4, 1);
	put(',');
	put_number(1 + draw(200000), 1);
	put(',');
	supplier = 1 + draw(10000);
	if (fault != NO_NUMBER)
		put_number(supplier, 1);
	put(',');
	put_number(1 + key % 4, 1);
	put(',');
	put_number(fault == ZERO ? 0 : quantity, 1);
	put(',');
	put_hundredths((uint64_t) quantity * (90000 + draw(110000)));
	put(',');
	put_hundredths(draw(11));
	put(',');
	put_hundredths(draw(9));
	put(',');
	put("RAN"[draw(3)]);
	put(',');
	put("OF"[draw(2)]);
	put(',');
	if (fault == NO_DATE)
		put_text("0000-00-00");
	else
		put_date(day);
	put(',');
	put_date(day + draw(60));
	put(',');
	put_date(day + draw(30));
	put(',');
	put_text(instructions[draw(LENGTH(instructions))]);
	put(',');
	put_text(modes[draw(LENGTH(modes))]);
	put(',');
	put_words(2 + draw(5), false);
	put('\n');
}

static void
lineitem(uint64_t row)
{
	spoilt_lineitem(row, NONE);
}

static void
bad_1(uint64_t row)
{
	spoilt_lineitem(row, row % 100 == 37 ? row / 100 % 3 : NONE);
}

static void
bad_50(uint64_t row)
{
	spoilt_lineitem(row, row % 2 == 1 ? row / 2 % 3 : NONE);
}

/* The other row is the one before, or lies far behind, in turn. */
static void
duplicate_1(uint64_t row)
{
	uint64_t other = row / 100 % 2 == 0 ? row - 1 : row / 2;

	spoilt_lineitem(row % 100 == 37 ? other : row, NONE);
}

static void
narrow(uint64_t row)
{
	put_number(row + 1, 1);
	put(',');
	put_number(draw(1000000), 1);
	put(',');
	put_hundredths(draw(10000000));
	put('\n');
}

static void
quoted(uint64_t row)
{
	put_number(row + 1, 1);
	put_text(",\"");
	put_words(3 + draw(4), false);
	put_text("\",\"");
	put_words(20 + draw(20), true);
	put_text("\"\n");
}

/* Eight members of all kinds, some 250 bytes. */
static void
event(uint64_t row)
{
	uint32_t day = draw(2400);

	put_text("{\"id\":");
	put_number(row + 1, 1);
	put_text(",\"name\":\"");
	put_words(2 + draw(2), false);
	put_text("\",\"active\":");
	put_text(draw(2) == 0 ? "true" : "false");
	put_text(",\"amount\":");
	put_hundredths(draw(10000000));
	put_text(",\"created_at\":\"");
	put_date(day);
	put('T');
	put_number(draw(24), 2);
	put(':');
	put_number(draw(60), 2);
	put(':');
	put_number(draw(60), 2);
	put_text("\",\"tags\":[\"");
	put_text(modes[draw(LENGTH(modes))]);
	put_text("\",\"");
	put_text(instructions[draw(LENGTH(instructions))]);
	put_text("\"],\"address\":{\"city\":\"");
	put_text(words[draw(LENGTH(words))]);
	put_text("\",\"zip\":\"");
	put_number(draw(100000), 5);
	put_text("\",\"position\":[");
	put_hundredths(draw(9000));
	put(',');
	put_hundredths(draw(18000));
	put_text("]},\"note\":");
	if (draw(8) == 0)
		put_text("null");
	else
	{
		put('"');
		put_words(3 + draw(4), false);
		put('"');
	}
	put('}');
}

static void
ndjson(uint64_t row)
{
	event(row);
	put('\n');
}

static void
array(uint64_t row)
{
	if (row > 0)
		put_text(",\n");
	event(row);
}

#define LINEITEM_HEADER \
	"l_orderkey,l_partkey,l_suppkey,l_linenumber,l_quantity," \
	"l_extendedprice,l_discount,l_tax,l_returnflag,l_linestatus,l_shipdate," \
	"l_commitdate,l_receiptdate,l_shipinstruct,l_shipmode,l_comment\n"

static const struct
{
	const char *name;
	const char *header;
	void (*write_row)(uint64_t row);
	const char *footer;
} tables[] = {
	{"lineitem", LINEITEM_HEADER, lineitem, ""},
	{"bad_1", LINEITEM_HEADER, bad_1, ""},
	{"bad_50", LINEITEM_HEADER, bad_50, ""},
	{"duplicate_1", LINEITEM_HEADER, duplicate_1, ""},
	{"narrow", "id,quantity,price\n", narrow, ""},
	{"quoted", "id,title,body\n", quoted, ""},
	{"ndjson", "", ndjson, ""},
	{"array", "[\n", array, "\n]\n"},
};

static bool
flush(void)
{
	bool ok = fwrite(buffer, 1, used, stdout) == used;

	used = 0;
	return ok;
}

int
main(int argc, char **argv)
{
	uint64_t rows = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	uint64_t row;
	size_t i;

	for (i = 0; i < LENGTH(tables); i++)
	{
		if (argc != 3 || strcmp(argv[1], tables[i].name) != 0)
			continue;
		put_text(tables[i].header);
		for (row = 0; row < rows; row++)
		{
			tables[i].write_row(row);
			if (used > BUFFER_SIZE - MAX_ROW && !flush())
				break;
		}
		put_text(tables[i].footer);
		if (flush() && row == rows && fflush(stdout) == 0)
			return 0;
		perror("generate");
		return 1;
	}
	fprintf(stderr, "usage: %s TABLE ROWS\n", argv[0]);
	return 2;
}
