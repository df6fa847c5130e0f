/*
 * test_sniff.c
 *	  Detection on small files of every kind that people send.
 */
#include <stdlib.h>
#include <string.h>

#include "csv/sniff.h"
#include "tap.h"

/* What is expected of one file; unnamed members are 0 or NULL. */
typedef struct Expected
{
	const char *name;
	const char *text;
	const char *delimiter;
	int width;
	int header_rows;
	int skip;
	char quote;  /* 0: the double quote */
	char escape; /* 0: the quote */
	const char *comment;
	bool stop_at_blank;
	int footer;
	int surplus;
	EtlCsvNewline newline;
} Expected;

#define TABLE "id,when,name\n1,2024-01-05,Ann\n2,2024-01-06,Bob\n"
#define MORE "3,2024-01-07,Cy\n4,2024-01-08,Di\n5,2024-01-09,Ed\n"
#define BODY "1,2024-01-05,Ann\n2,2024-01-06,Bob\n"
#define WIDE "id,day,hour,price,item\n"
#define WIDE_ROW "1,2024-01-05,10:00,1.50,chair\n"
#define WIDE_ROWS WIDE_ROW WIDE_ROW WIDE_ROW WIDE_ROW

static const Expected files[] = {
	/* Delimiters. */
	{.name = "comma",
	 .text = TABLE,
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},
	{.name = "semicolon",
	 .text = "a;b\n1,5;2,5\n3,5;4,5\n",
	 .delimiter = ";",
	 .width = 2,
	 .header_rows = 1},
	{.name = "semicolon, decimal commas, no header",
	 .text = "1,5;2,5\n3,5;4,5\n5,5;6,5\n",
	 .delimiter = ";",
	 .width = 2},
	{.name = "tab",
	 .text = "id\tname\n1\tAnn, the first\n2\tBob, the other\n",
	 .delimiter = "\t",
	 .width = 2,
	 .header_rows = 1},
	{.name = "bar",
	 .text = "id|day|n\n1|2024-01-05|2\n2|2024-01-06|4\n",
	 .delimiter = "|",
	 .width = 3,
	 .header_rows = 1},
	{.name = "blank",
	 .text = "id day n\n1 2024-01-05 2\n2 2024-01-06 4\n",
	 .delimiter = " ",
	 .width = 3,
	 .header_rows = 1},
	{.name = "comma and blank",
	 .text = "id, day, text\n1, 2024-01-05, \"a, b\"\n2, 2024-01-06, c\n",
	 .delimiter = ", ",
	 .width = 3,
	 .header_rows = 1},
	{.name = "two bars",
	 .text = "id||day||n\n1||2024-01-05||2\n2||2024-01-06||4\n",
	 .delimiter = "||",
	 .width = 3,
	 .header_rows = 1},
	{.name = "two colons",
	 .text = "id::n\n1::2.5\n2::3.5\n3::4.5\n",
	 .delimiter = "::",
	 .width = 2,
	 .header_rows = 1},
	{.name = "three bytes",
	 .text = "id|~|n\n1|~|2.5\n2|~|3.5\n3|~|4.5\n",
	 .delimiter = "|~|",
	 .width = 2,
	 .header_rows = 1},
	{.name = "caret",
	 .text = "id^n^d\n1^2.5^x\n2^3.5^y\n",
	 .delimiter = "^",
	 .width = 3,
	 .header_rows = 1},
	{.name = "unit separator",
	 .text = "id\x1Fn\n1\x1F"
			 "2\n2\x1F"
			 "3\n",
	 .delimiter = "\x1F",
	 .width = 2,
	 .header_rows = 1},
	{.name = "start of heading",
	 .text = "id\x01n\n1\x01"
			 "2\n2\x01"
			 "3\n",
	 .delimiter = "\x01",
	 .width = 2,
	 .header_rows = 1},
	{.name = "passwd",
	 .text = "root:x:0:0:root:/root:/bin/bash\n"
			 "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
			 "www:x:33:33::/var/www:/usr/sbin/nologin\n",
	 .delimiter = ":",
	 .width = 7},
	{.name = "unicode data",
	 .text = "0000;<control>;Cc;0;BN;;;;;N;NULL;;;;\n"
			 "0030;DIGIT ZERO;Nd;0;EN;;0;0;0;N;;;;;\n"
			 "0041;LATIN CAPITAL LETTER A;Lu;0;L;;;;;N;;;;0061;\n"
			 "0042;LATIN CAPITAL LETTER B;Lu;0;L;;;;;N;;;;0062;\n",
	 .delimiter = ";",
	 .width = 15},
	{.name = "zone table",
	 .text = "# tzdb timezone descriptions\n#\n# This is public domain.\n"
			 "#codes\tcoordinates\tTZ\tcomments\n"
			 "AD\t+4230+00131\tEurope/Andorra\n"
			 "AE\t+2518+05518\tAsia/Dubai\tCrozet\n"
			 "AQ\t-6617+11031\tAntarctica/Casey\tCasey\n"
			 "AQ\t-6835+07758\tAntarctica/Davis\tDavis\n"
			 "AF\t+3431+06912\tAsia/Kabul\n",
	 .delimiter = "\t",
	 .width = 4,
	 .comment = "#"},

	/* One column. */
	{.name = "one column of numbers",
	 .text = "n\n1\n2\n3\n",
	 .delimiter = ",",
	 .width = 1,
	 .header_rows = 1},
	{.name = "one column of times",
	 .text = "10:00:01\n10:00:02\n10:00:03\n",
	 .delimiter = ",",
	 .width = 1},
	{.name = "one column of timestamps",
	 .text = "at\n2024-01-05 10:00:01\n2024-01-05 10:00:02\n",
	 .delimiter = ",",
	 .width = 1,
	 .header_rows = 1},
	{.name = "one column of URLs",
	 .text = "http://a.example/x?b=1\nhttp://b.example/y?c=2\n",
	 .delimiter = ",",
	 .width = 1},
	{.name = "one column of names",
	 .text = "name\nAnn Lee\nBob Ray\nCy Day\n",
	 .delimiter = ",",
	 .width = 1,
	 .header_rows = 1},
	{.name = "one column of quoted prose",
	 .text = "remark\n\"well, yes\"\n\"no, not at all\"\n\"a, b, c\"\n",
	 .delimiter = ",",
	 .width = 1,
	 .header_rows = 1},
	{.name = "prose",
	 .width = 1,
	 .delimiter = "\t",
	 .skip = 0,
	 .text = "It was late, and dark.\nNobody came.\n"
			 "We waited, as one does, for hours.\nThen we went home.\n"},

	/* Quotes and escapes. */
	{.name = "single quotes",
	 .text = "id,text\n1,'a, b'\n2,'c, d'\n3,'it''s'\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1,
	 .quote = '\''},
	{.name = "one quote inside single quotes",
	 .text = "n;name\n1;'O''Neil; Al'\n2;b\n3;c\n4;d\n5;e\n6;f\n",
	 .delimiter = ";",
	 .width = 2,
	 .header_rows = 1,
	 .quote = '\''},
	{.name = "apostrophes are no quotes",
	 .text = "id,text\n1,'tis late\n2,don't\n3,\"a, b\"\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "backslash escapes",
	 .text = "id,text\n1,\"a \\\"b\\\", c\"\n2,\"d, \\\"e\\\"\"\n3,f\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1,
	 .escape = '\\'},
	{.name = "a backslash before a closing quote is data",
	 .text = "id,dir\n1,\"C:\\a\\\"\n2,\"D:\\b\\\"\n3,\"E:\\\"\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "one row in other quotes changes nothing",
	 .text =
		 WIDE WIDE_ROWS "'1','2024-01-05','10:00','1.50','chair'\n" WIDE_ROWS
						"2,2024-01-05,10:00,1.50,\"chair, red\"\n" WIDE_ROW,
	 .delimiter = ",",
	 .width = 5,
	 .header_rows = 1},
	{.name = "quotes within fields only are none",
	 .text = "id\tsize\tdoc\n1\t5\" pipe\t{\"a\": [1,2]}\n2\tx\t{}\n",
	 .delimiter = "\t",
	 .quote = ETL_CSV_NONE,
	 .escape = ETL_CSV_NONE,
	 .width = 3,
	 .header_rows = 1},
	{.name = "an unterminated quote changes nothing",
	 .text = WIDE WIDE_ROWS "1,2024-01-05,10:00,1.50,\"chair\n" WIDE_ROWS,
	 .delimiter = ",",
	 .width = 5,
	 .header_rows = 1},

	/* Line ends. */
	{.name = "CRLF",
	 .text = "a,b\r\n1,2\r\n3,4\r\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1,
	 .newline = ETL_CSV_CRLF},
	{.name = "CR",
	 .text = "a,b\r1,2\r3,4\r",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1,
	 .newline = ETL_CSV_CR},
	{.name = "mixed line ends",
	 .text = "a,b\n1,2\r\n3,4\r5,6\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1,
	 .newline = ETL_CSV_MIXED},
	{.name = "no final newline",
	 .text = "a,b\n1,2\n3,4",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "two final newlines",
	 .text = TABLE "\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},
	{.name = "blank lines between",
	 .text = "a,b\n\n1,2\n\n3,4\n\n5,6\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},

	/* Hardly anything. */
	{.name = "empty", .text = "", .delimiter = ",", .width = 1},
	{.name = "only newlines",
	 .text = "\n\n\n",
	 .delimiter = ",",
	 .width = 1,
	 .skip = 3},
	{.name = "header only",
	 .text = "id,when,name\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},
	{.name = "one row of values",
	 .text = "1,2024-01-05,Ann\n",
	 .delimiter = ",",
	 .width = 3},
	{.name = "header and one row",
	 .text = "id,name\n1,Ann\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "one word",
	 .text = "hello",
	 .delimiter = ",",
	 .width = 1,
	 .header_rows = 1},

	/* Headers. */
	{.name = "no header", .text = BODY MORE, .delimiter = ",", .width = 3},
	{.name = "all text",
	 .text = "name,city\nAnn,New York\nBob,Rome\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "all text, first row comes again",
	 .text = "red,small\nblue,large\nred,large\nblue,small\nred,small\n",
	 .delimiter = ",",
	 .width = 2},
	{.name = "codes without header",
	 .text = "AB-1,X1\nAC-2,Y2\nAD-3,Z3\n",
	 .delimiter = ",",
	 .width = 2},
	{.name = "empty and duplicate names",
	 .text = ",n,n\na,1,2\nb,3,4\nc,5,6\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},
	{.name = "years as names",
	 .text = "country,2021,2022,2023\nFR,1,2,3\nDE,4,5,6\nIT,7,8,9\n",
	 .delimiter = ",",
	 .width = 4,
	 .header_rows = 1},
	{.name = "two header rows",
	 .text = "size,weight,name\ncm,kg,text\n10,2.5,a\n20,3.5,b\n30,4,c\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 2},
	{.name = "three header rows",
	 .text = "a,b,c\nd,e,f\ng,h,i\n1,2,3\n4,5,6\n7,8,9\n10,11,12\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 3},
	{.name = "groups above the header",
	 .text = "2023,,2024,\nin,out,in,out\n1,2,3,4\n5,6,7,8\n9,10,11,12\n",
	 .delimiter = ",",
	 .width = 4,
	 .header_rows = 2},
	{.name = "header with a delimiter too few",
	 .text = "id,day,hourprice,item\n" WIDE_ROWS,
	 .delimiter = ",",
	 .width = 4,
	 .header_rows = 1},
	{.name = "a hash in the header's first name",
	 .text = "#id,name,n\n1,Ann,4\n2,Bob,5\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},

	/* What stands around the table. */
	{.name = "preamble",
	 .text = "Sales, all shops\nas of 5 May\n" TABLE,
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1,
	 .skip = 2},
	{.name = "preamble and blank line",
	 .text = "Sales\n\n" TABLE,
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1,
	 .skip = 2},
	{.name = "keys and values",
	 .delimiter = ",",
	 .width = 5,
	 .text = "author: Ann\nsource: till\nversion: 3\n\n" WIDE WIDE_ROWS,
	 .header_rows = 1,
	 .skip = 4},
	{.name = "padded preamble",
	 .text = "Sales of May,,,,\n,,,,\n" WIDE WIDE_ROWS,
	 .delimiter = ",",
	 .width = 5,
	 .header_rows = 1,
	 .skip = 2},
	{.name = "preamble without header",
	 .delimiter = ",",
	 .width = 5,
	 .text = "Sales of May\n" WIDE_ROWS,
	 .skip = 1},
	{.name = "comments",
	 .delimiter = ",",
	 .width = 3,
	 .comment = "#",
	 .text = "# made by hand\n" TABLE "# a break\n" MORE,
	 .header_rows = 1},
	{.name = "other comments",
	 .delimiter = ",",
	 .width = 3,
	 .comment = "//",
	 .text = "// made by hand\n" TABLE "// a break\n" MORE,
	 .header_rows = 1},
	{.name = "one line that starts with slashes is no comment",
	 .text = TABLE "//5,2024-01-07,x,y\n" MORE,
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},
	{.name = "values that start with a hash",
	 .text = "tag,n\n#a,1\n#b,2\nc,3\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "total",
	 .text = WIDE WIDE_ROWS "Total,,,6.00,\n",
	 .delimiter = ",",
	 .width = 5,
	 .header_rows = 1,
	 .footer = 1},
	{.name = "notes",
	 .delimiter = ",",
	 .width = 5,
	 .header_rows = 1,
	 .text = WIDE WIDE_ROWS "\nNote: prices are net\nSee page 5\n",
	 .footer = 2},
	{.name = "second table, less columns",
	 .delimiter = ",",
	 .width = 3,
	 .text = TABLE MORE "\nid,n\n1,2\n2,3\n",
	 .header_rows = 1,
	 .stop_at_blank = true},
	{.name = "second table, more columns",
	 .delimiter = ",",
	 .width = 3,
	 .text = TABLE MORE "\n" WIDE WIDE_ROWS WIDE_ROWS,
	 .header_rows = 1,
	 .stop_at_blank = true},
	{.name = "second table, same columns",
	 .delimiter = ",",
	 .width = 3,
	 .text = TABLE MORE "\n" TABLE,
	 .header_rows = 1,
	 .stop_at_blank = true},
	{.name = "a blank line in a table",
	 .text = TABLE "\n" MORE,
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},

	/* Few records, of odd widths. */
	{.name = "short and long rows",
	 .text = "a,b\n1\n1,2,3\n1,2\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "a short and a long row",
	 .text = "id,name\n1,Ann\n2\n3,Bob,x\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "a header and a short row",
	 .text = "id,name\n1\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "only short rows",
	 .text = "id,name,age\n1\n2\n3\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},
	{.name = "every row a field too few",
	 .text = "id,name,age,city\n1,Ann\n2,Bob\n3,Cy\n4,Di\n",
	 .delimiter = ",",
	 .width = 4,
	 .header_rows = 1},
	{.name = "every row a field too many",
	 .text = "id,name\n1,Ann,x\n2,Bob,y\n3,Cy,z\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "texts, every row a field too many",
	 .text = "name,city\nAnn,Rome,x\nBob,Paris,y\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "rows that grow",
	 .text = "a,b,c\n1\n2,3\n4,5,6\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},
	{.name = "short rows without header",
	 .text = "1,2,3\n4,5\n6,7\n",
	 .delimiter = ",",
	 .width = 2},
	{.name = "a lone value above",
	 .text = "1\n1,2\n3,4\n",
	 .delimiter = ",",
	 .width = 2},
	{.name = "a remark among odd rows",
	 .text = "id,note\n1,a b,x\nnothing here\n2,c d,y\n3,e f,z\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "a header shut off",
	 .text = "id,name,age\n\n1,Ann\n2,Bob\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},
	{.name = "a text that could be split",
	 .text = "txt\nhello, world\n",
	 .delimiter = "\t",
	 .width = 1,
	 .header_rows = 1},
	{.name = "last names first",
	 .text = "name\nLee, Ann\nRay, Bob\n",
	 .delimiter = "\t",
	 .width = 1,
	 .header_rows = 1},
	{.name = "money",
	 .text = "price\n$1,200.00\n$3,400.50\n",
	 .delimiter = "\t",
	 .width = 1,
	 .header_rows = 1},
	{.name = "addresses and colons",
	 .text = "a:b\nann@a.example:bob@b.example\ncy@c.example:di@d.example\n",
	 .delimiter = ":",
	 .width = 2,
	 .header_rows = 1},

	/* Bad values, odd names. */
	{.name = "a bad value in the first row",
	 .text = "id,amount\n1,abc\n2,3.5\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "nothing but bad values in the first row",
	 .text = "id,n\nx,abc\n2,3.5\n3,4\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "bad values are no units",
	 .text = "a,b,c\noops,-,???\n1,2,3\n4,5,6\n7,8,9\n10,11,12\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},
	{.name = "values behind the header",
	 .text =
		 "a,b,c,d\n1.5,t,,\n2.5,t,2024-01-05,9\n3.5,f,2024-01-06,8\n4.5,f,2024-01-07,7\n",
	 .delimiter = ",",
	 .width = 4,
	 .header_rows = 1},
	{.name = "duplicate names above texts",
	 .text = "name,name\nAnn,Bob\nCy,Di\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "duplicate names",
	 .text = "id,id\n1,2\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "a name without text",
	 .text = "a,,c\n1,2,3\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},
	{.name = "abbreviated name",
	 .text = "Telefon-Nr.,Nr.\nAnn Lee,x y\nBob Ray,u v\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "two years as names",
	 .text = "country,2019,2020\nFR,1,2\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},
	{.name = "two years as values",
	 .text = "FR,2019,2020\nIT,2018,2021\n",
	 .delimiter = ",",
	 .width = 3},
	{.name = "days as names",
	 .text = "region,2020-01-01,2020-02-01\nx,1,2\ny,3,4\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},
	{.name = "hardly any value",
	 .text = "a,b,c\n1,,\n2,,\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},

	/* Titles and remarks. */
	{.name = "titles padded by a spreadsheet",
	 .text = "Monthly report;\nMarch 2024;\n\nid;name\n1;Ada\n2;Grace\n"
			 "\nsummary;n\nx;1",
	 .delimiter = ";",
	 .width = 2,
	 .header_rows = 1,
	 .skip = 3,
	 .stop_at_blank = true},
	{.name = "padded titles, no header",
	 .text = "Report,,\n,,\n1,Ada,3\n2,Grace,4\n",
	 .delimiter = ",",
	 .width = 3,
	 .skip = 2},
	{.name = "one title",
	 .text = "Report\nid,name\n1,Ada\n2,Grace\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1,
	 .skip = 1},
	{.name = "pairs of key and value",
	 .text =
		 "Report,Sales\nDate,2024-01-01\n\nid,name,n\n1,Ada,3\n2,Grace,5\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1,
	 .skip = 3},
	{.name = "a second table of two columns",
	 .text = "id,name\n1,Ann\n2,Bob\n\nid,total\n1,5\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1,
	 .stop_at_blank = true},
	{.name = "a bad value behind a blank line",
	 .text = "id,name\n1,Ann\n2,Bob\n\nx,Cy\n4,Di\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "paragraphs without header",
	 .text = "0009; White # Cc\n0020; White # Zs\n\n00AD; Hyphen # Pd\n"
			 "002D; Dash # Pd\n",
	 .delimiter = "; ",
	 .width = 2},
	{.name = "most rows lack the last field",
	 .text = "# time zones\n#\n#codes\tcoordinates\tTZ\tcomments\n"
			 "AD\t+4230+00131\tEurope/Andorra\n"
			 "AE\t+2518+05518\tAsia/Dubai\n"
			 "AQ\t-6617+11031\tAntarctica/Casey\tCasey\n"
			 "AR\t-3436-05827\tAmerica/Buenos_Aires\tmost areas\n"
			 "AF\t+3431+06912\tAsia/Kabul\n"
			 "AL\t+4120+01950\tEurope/Tirane\n",
	 .delimiter = "\t",
	 .width = 4,
	 .comment = "#"},
	{.name = "more comments than records",
	 .text = "# Script=Grek\n# a; b\n# c; d\n# e; f\n#\n1DF7; Beng # Mn\n"
			 "1CD1; Deva # Mn\n# Total: 2\n",
	 .delimiter = "; ",
	 .width = 2,
	 .comment = "#"},
	{.name = "comments above one column",
	 .text = "# types\n#\n\nname\nAnn Lee\nBob Ray\n",
	 .delimiter = ",",
	 .width = 1,
	 .header_rows = 1,
	 .skip = 3,
	 .comment = "#"},
	{.name = "blank lines above one column",
	 .text = "\n\nn\n1\n2\n",
	 .delimiter = ",",
	 .width = 1,
	 .header_rows = 1,
	 .skip = 2},
	{.name = "records in paragraphs of other widths",
	 .text = "tcp\t\t1/tcp\t\t# mux\necho\t\t7/tcp\necho\t\t7/udp\n"
			 "ftp\t\t21/tcp\nssh\t\t22/tcp\t\t\t# shell\n"
			 "\nkerb\t88/tcp\tkrb5\tk5\nkerb\t88/udp\tkrb5\tk5\n"
			 "krbx\t89/tcp\tkrb5\tk6\nkrbx\t89/udp\tkrb5\tk6\n"
			 "krby\t90/tcp\tkrb5\tk7\nkrby\t90/udp\tkrb5\tk7\n",
	 .delimiter = "\t",
	 .width = 4},
	/* Blanks around delimiters. */
	{.name = "blanks on both sides, quotes",
	 .text = "id , note , n\n1 , \"a, b\" , 2\n2 , \"c\" , 3\n3 , d , 4\n",
	 .delimiter = " , ",
	 .width = 3,
	 .header_rows = 1},
	{.name = "blanks before delimiters, quotes",
	 .text = "id ,note ,n\n1 ,\"a, b\" ,2\n2 ,\"c\" ,3\n",
	 .delimiter = " ,",
	 .width = 3,
	 .header_rows = 1},

	{.name = "columns aligned before delimiters",
	 .text =
		 "002B       ; Math; x\n003C..3E   ; Math; y\n005E       ; Math; z\n",
	 .delimiter = "; ",
	 .width = 3},

	/* A line for spreadsheets. */
	{.name = "sep=",
	 .text = "sep=;\nid;name\n1;Ann, Lee\n2;Bob, Ray\n",
	 .delimiter = ";",
	 .width = 2,
	 .header_rows = 1,
	 .skip = 1},
	{.name = "sep= in quotes, one column",
	 .text = "\"sep=|\"\r\nname\r\nAnn, Lee\r\nBob, Ray\r\n",
	 .delimiter = "|",
	 .width = 1,
	 .header_rows = 1,
	 .skip = 1,
	 .newline = ETL_CSV_CRLF},
	{.name = "sep= and a title",
	 .text = "sep=,\nReport of May\n\n" TABLE MORE,
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1,
	 .skip = 3},
	{.name = "a name that begins like sep=",
	 .text = "sep=length,n\na,1\nb,2\nc,3\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},

	/* Delimiters at the ends of lines. */
	{.name = "a last delimiter in records only",
	 .text = "id,name\n1,Ann,\n2,Bob,\n3,Cy,\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1,
	 .surplus = 1},
	{.name = "two last delimiters in most records only",
	 .text = "id,name\n1,Ann,,\n2,Bob,,\n3,Cy\n4,Di,,\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1,
	 .surplus = 2},
	{.name = "a last field that some records have",
	 .text = "id,name\n1,Ann,\n2,Bob,x\n3,Cy,\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},
	{.name = "a last delimiter in the header only",
	 .text = "id,name,\n1,Ann\n2,Bob\n3,Cy\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1,
	 .surplus = -1},
	{.name = "a name that no record has a field for",
	 .text = "id,name,n\n1,Ann\n2,Bob\n3,Cy\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},
	{.name = "a last delimiter everywhere",
	 .text = "id,name,\n1,Ann,\n2,Bob,\n3,Cy,\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},

	/* Names with numbers. */
	{.name = "a second header line of numbered names",
	 .text = "age of person,sex of person,income\nq1,q2,q3\n34,1,2000\n"
			 "35,2,3000\n36,1,2500\n22,2,1500\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 2},
	{.name = "numbered names above texts",
	 .text = "V1,V2,V3\nAnn,Rome,blue\nBob,Oslo,red\nCy,Bern,green\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},
	{.name = "years with blanks",
	 .text =
		 "geo\t2018 \t2019 \t2020 \nAT\t8822267 \t8858775 \t8901064 \n"
		 "BE\t11398589 \t11455519 \t: \nBG\t7050034 \t7000039 \t6951482 \n",
	 .delimiter = "\t",
	 .width = 4,
	 .header_rows = 1},
	{.name = "the header comes again",
	 .text = TABLE "id,when,name\n" MORE,
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1},
	{.name = "a header of texts comes again",
	 .text = "town,color\nRome,blue\nOslo,red\ntown,color\nBern,green\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1},

	/* Footers. */
	{.name = "a footer behind a row of delimiters",
	 .text = "id,item,amount\n1,chair,5\n2,lamp,6\n3,table,7\n,,\n"
			 "Total,,18\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1,
	 .footer = 2},
	{.name = "a trailer of fewer fields",
	 .text = "id,item,amount,day\n1,chair,5,2024-01-01\n2,lamp,6,2024-01-02\n"
			 "3,table,7,2024-01-03\nTRL,3,18\n",
	 .delimiter = ",",
	 .width = 4,
	 .header_rows = 1,
	 .footer = 1},
	{.name = "a last record that was cut off",
	 .text = "id,item,amount,day\n1,chair,5,2024-01-01\n2,lamp,6,2024-01-02\n"
			 "3,table,7,2024-01-03\n4,sofa,8\n",
	 .delimiter = ",",
	 .width = 4,
	 .header_rows = 1},

	/* More remarks than records. */
	{.name = "mostly comments, with commas",
	 .text = "#alpha,0\n#beta,1\n#gamma,2\n#delta,3\n#eps,4\nt,v,w\n0.1,5,6\n"
			 "0.2,6,7\n",
	 .delimiter = ",",
	 .width = 3,
	 .header_rows = 1,
	 .comment = "#"},
	{.name = "mostly comments, another marker",
	 .text = "%alpha, of it\n%beta, of it\n%gamma, of it\n%delta, of it\n"
			 "t;v\n5,1;6\n6,2;7\n",
	 .delimiter = ";",
	 .width = 2,
	 .header_rows = 1,
	 .comment = "%"},
	{.name = "mostly comments above one column",
	 .text =
		 "#alpha of it\n#beta of it\n#gamma of it\n#delta of it\n5\n6\n7\n",
	 .delimiter = ",",
	 .width = 1,
	 .comment = "#"},
	{.name = "numbers behind a hash are values",
	 .text = "#1\n#2\n3\n4\n5\n",
	 .delimiter = ",",
	 .width = 1,
	 .header_rows = 1},
	{.name = "comments of a table's width",
	 .text = "# made by the till, shop 5\n# all net\nday,n\n2024-01-05,2\n"
			 "2024-01-06,3\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1,
	 .comment = "#"},
	{.name = "a comment of a table's width within it",
	 .text = "day,n\n2024-01-05,2\n# a break, of sorts\n2024-01-06,3\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1,
	 .comment = "#"},

	/* Durations. */
	{.name = "one column of durations",
	 .text = "36:15:00\n120:05:10\n47:59:59\n8:00:00\n",
	 .delimiter = ",",
	 .width = 1},

	/* Pairs of key and value above a table. */
	{.name = "pairs above few records",
	 .text = "author,Jane Doe\nsource,till\nversion,3\n\n" WIDE WIDE_ROW,
	 .delimiter = ",",
	 .width = 5,
	 .header_rows = 1,
	 .skip = 4},
	{.name = "pairs with last delimiters",
	 .text = "\"Account:\";\"DE12 / Current\";\n\n\"From:\";\"01.01.2020\";\n"
			 "\"To:\";\"31.01.2020\";\n\"Balance:\";\"1.234,56 EUR\";\n\n"
			 "\"Day\";\"Text\";\"Purpose\";\"Amount (EUR)\";\n"
			 "\"31.01.2020\";\"Debit\";\"Rent\";\"-12,30\";\n"
			 "\"30.01.2020\";\"Credit\";\"Pay\";\"2.345,00\";\n",
	 .delimiter = ";",
	 .width = 5,
	 .header_rows = 1,
	 .skip = 6},
	{.name = "pairs above a table without header",
	 .text = "author;Jane Doe\nsource;till\nversion;3\n"
			 "1;2024-01-05;10:00;1.50;x\n2;2024-01-06;11:00;1.60;y\n"
			 "3;2024-01-07;12:00;1.70;z\n",
	 .delimiter = ";",
	 .width = 5,
	 .skip = 3},
	{.name = "a remark between records of other widths",
	 .text = "echo\t\t7/tcp\nftp\t\t21/tcp\nssh\t\t22/tcp\n"
			 "and now for others\nkerb\t88/tcp\tkrb5\tk5\n"
			 "kerb\t88/udp\tkrb5\tk5\nkrbx\t89/tcp\tkrb5\tk6\n"
			 "krbx\t89/udp\tkrb5\tk6\nkrby\t90/tcp\tkrb5\tk7\n",
	 .delimiter = "\t",
	 .width = 4},
	{.name = "a small table of two columns above another",
	 .text = "item,amount\nchair,5\nlamp,6\n\n" WIDE WIDE_ROWS,
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1,
	 .stop_at_blank = true},
	{.name = "prose with a comma above two columns",
	 .text = "Sales\nAs of yesterday, roughly\nAll figures net\nday,n\n"
			 "2024-01-05,2\n2024-01-06,3\n",
	 .delimiter = ",",
	 .width = 2,
	 .header_rows = 1,
	 .skip = 3},
	{.name = "padded titles above records without header",
	 .text = "Sales,,,,\nBy shop,,,,\n" WIDE_ROWS,
	 .delimiter = ",",
	 .width = 5,
	 .skip = 2},
};

static EtlCsvSniffed
sniff(const char *text, const EtlCsvPinned *pinned, EtlCsvDialect dialect)
{
	EtlCsvSniffed sniffed = {.dialect = dialect};
	size_t len = strlen(text);
	char *copy = malloc(len > 0 ? len : 1);

	/* On the heap, so that a read beyond the end is seen. */
	memcpy(copy, text, len);
	if (!etl_csv_sniff(copy, len, true, pinned, &sniffed))
		abort();
	free(copy);
	return sniffed;
}

static bool
is_bytes(const char *bytes, int len, const char *expected)
{
	return len == (int) strlen(expected) &&
		   memcmp(bytes, expected, (size_t) len) == 0;
}

static void
check_file(const Expected *expected)
{
	EtlCsvPinned nothing = {0};
	EtlCsvSniffed got =
		sniff(expected->text, &nothing, (EtlCsvDialect){.width = 0});
	const EtlCsvDialect *dialect = &got.dialect;
	const EtlCsvSyntax *syntax = &dialect->syntax;
	int quote = expected->quote == 0 ? '"' : expected->quote;
	int escape = expected->escape == 0 ? quote : expected->escape;
	const char *comment = expected->comment == NULL ? "" : expected->comment;
	bool ok;

	ok = is_bytes(syntax->delimiter, syntax->delimiter_len,
				  expected->delimiter) &&
		 is_bytes(syntax->comment, syntax->comment_len, comment) &&
		 syntax->quote == quote && syntax->escape == escape &&
		 dialect->width == expected->width &&
		 dialect->header_rows == expected->header_rows &&
		 dialect->skip == expected->skip &&
		 dialect->stop_at_blank == expected->stop_at_blank &&
		 dialect->newline == expected->newline &&
		 got.footer == expected->footer &&
		 dialect->surplus == expected->surplus && dialect->skip_footer == 0;
	tap_ok(ok, expected->name);
	if (!ok)
		printf("# delimiter [%.*s] quote %c escape %c comment [%.*s] width %d "
			   "header %d skip %d stop %d newline %d footer %d surplus %d\n",
			   syntax->delimiter_len, syntax->delimiter, syntax->quote,
			   syntax->escape, syntax->comment_len, syntax->comment,
			   dialect->width, dialect->header_rows, dialect->skip,
			   dialect->stop_at_blank, dialect->newline, got.footer,
			   dialect->surplus);
}

static void
test_pinned(void)
{
	EtlCsvDialect dialect = {.syntax = {.delimiter = ";",
										.delimiter_len = 1,
										.quote = '\'',
										.escape = '\\'}};
	EtlCsvPinned pinned = {.delimiter = true, .quote = true, .escape = true};
	EtlCsvSniffed got = sniff("a,b\n1,2\n3,4\n", &pinned, dialect);

	tap_ok(got.dialect.syntax.delimiter[0] == ';' &&
			   got.dialect.syntax.quote == '\'' &&
			   got.dialect.syntax.escape == '\\' && got.dialect.width == 1,
		   "a pinned syntax is kept");

	pinned = (EtlCsvPinned){.header = true};
	got = sniff(TABLE MORE, &pinned, (EtlCsvDialect){.header_rows = 0});
	tap_ok(got.dialect.header_rows == 0 && got.dialect.width == 3,
		   "header => false is kept");
	got = sniff(BODY MORE, &pinned, (EtlCsvDialect){.header_rows = 1});
	tap_ok(got.dialect.header_rows == 1, "header => true is kept");

	pinned = (EtlCsvPinned){.skip = true};
	got = sniff("x,y,z\n" TABLE MORE, &pinned, (EtlCsvDialect){.skip = 1});
	tap_ok(got.dialect.skip == 1 && got.dialect.header_rows == 1,
		   "detection begins behind pinned lines");
	got = sniff(TABLE, &pinned, (EtlCsvDialect){.skip = 9});
	tap_ok(got.dialect.skip == 9 && got.dialect.header_rows == 0,
		   "more pinned lines than there are");

	pinned = (EtlCsvPinned){.comment = true};
	got = sniff("# no comment\n" TABLE, &pinned, (EtlCsvDialect){.skip = 0});
	tap_ok(got.dialect.syntax.comment_len == 0 && got.dialect.skip == 1,
		   "no comments wanted: they are a preamble");

	pinned = (EtlCsvPinned){.stop_at_blank = true};
	got = sniff(TABLE MORE "\n" TABLE, &pinned, (EtlCsvDialect){.width = 0});
	tap_ok(!got.dialect.stop_at_blank, "stop_at_blank => false is kept");

	pinned = (EtlCsvPinned){.decimal = ','};
	got = sniff("n\n1,5\n", &pinned, (EtlCsvDialect){.width = 0});
	tap_ok(got.dialect.syntax.delimiter[0] != ',' && got.dialect.width == 1 &&
			   got.dialect.header_rows == 1,
		   "a comma inside numbers is no delimiter");
	got = sniff("id,n\n1,\"1,5\"\n2,\"2,5\"\n", &pinned,
				(EtlCsvDialect){.width = 0});
	tap_ok(got.dialect.syntax.delimiter[0] == ',' && got.dialect.width == 2,
		   "but it is if those numbers are quoted");
	pinned = (EtlCsvPinned){.thousands = ','};
	got = sniff("id,n\n1,12\n2,30\n", &pinned, (EtlCsvDialect){.width = 0});
	tap_ok(got.dialect.syntax.delimiter[0] == ',' && got.dialect.width == 2,
		   "nor is every comma between thousands");
	got = sniff("n\n1,200\n3,400\n", &pinned, (EtlCsvDialect){.width = 0});
	tap_ok(got.dialect.width == 1, "a comma between thousands is none");

	pinned = (EtlCsvPinned){.skip_footer = true};
	got = sniff(TABLE, &pinned, (EtlCsvDialect){.skip_footer = 2});
	tap_ok(got.dialect.skip_footer == 2, "skip_footer is kept");
}

/*
 * Every row in turn gets a fault; nothing of the dialect may change, but that
 * the file's only quote, if no field begins with it, is none.
 */
static void
test_single_faults(void)
{
	static const char only_stray[] = "1,2024-01-05,10:00,1.50,ch\"r\n";
	static const char *const rows[] = {
		"1,2024-01-05,10:00,1.50,chair,x\n",
		"1,2024-01-05,10:001.50,chair\n",
		"\"1,2024-01-05,10:00,1.50,chair\n",
		only_stray,
		"1,2024-01-05,10:00,1.50,\"a\nb\"\n",
		"\n",
		"1;2024-01-05;10:00;1;x\n",
		"1,2024-01-05,10:00,1.50,\"a \\\" b\"\n",
		",,,,\n",
		"1\n"};
	EtlCsvPinned nothing = {0};
	char text[4096];
	bool ok = true;

	for (size_t kind = 0; kind < sizeof(rows) / sizeof(rows[0]); kind++)
		for (int bad = 0; bad < 20; bad++)
		{
			EtlCsvSniffed got;
			const EtlCsvDialect *dialect = &got.dialect;

			strcpy(text, WIDE);
			for (int i = 0; i < 20; i++)
				strcat(text, i == bad ? rows[kind] : WIDE_ROW);
			got = sniff(text, &nothing, (EtlCsvDialect){.width = 0});
			if (dialect->syntax.delimiter[0] != ',' || dialect->width != 5 ||
				dialect->syntax.quote !=
					(rows[kind] == only_stray ? ETL_CSV_NONE : '"') ||
				dialect->header_rows != 1 || dialect->skip != 0 ||
				dialect->stop_at_blank)
			{
				printf("# kind %zu at row %d\n", kind, bad);
				ok = false;
			}
		}
	tap_ok(ok, "no single odd row changes anything");
}

typedef enum CellType
{
	CELL_INTEGER,
	CELL_DECIMAL,
	CELL_DATE,
	CELL_TIME,
	CELL_CODE,
	CELL_WORD,
	CELL_PROSE,
	CELL_NTYPES
} CellType;

/* Appends a value of the given type, now and then none. */
static void
append_value(char *text, CellType type, bool nulls)
{
	static const char *const words[] = {"red", "green", "Ann", "Bob", "Rome"};
	char *end = text + strlen(text);
	unsigned n = (unsigned) tap_random(100000);

	if (nulls && n % 5 == 0)
		return;
	if (type == CELL_INTEGER)
		sprintf(end, "%u", n);
	else if (type == CELL_DECIMAL)
		sprintf(end, "%u.%02u", n / 100, n % 100);
	else if (type == CELL_DATE)
		sprintf(end, "20%02u-%02u-%02u", n % 25, n % 12 + 1, n % 28 + 1);
	else if (type == CELL_TIME)
		sprintf(end, "%02u:%02u", n % 24, n % 60);
	else if (type == CELL_CODE)
		sprintf(end, "%c%u", (int) ('A' + n % 3), n % 900 + 100);
	else if (type == CELL_WORD)
		strcpy(end, words[n % 5]);
	else
		sprintf(end, "\"%s went, and %s; %s\"", words[n % 5], words[n / 5 % 5],
				words[n / 25 % 5]);
}

/*
 * Writes a small table in a random dialect; its first column has numbers.  With
 * ragged one record loses or gains a field.
 */
static void
make_table(char *text, const char *delimiter, int width, bool header,
		   bool ragged)
{
	static const char *const names[] = {"id",
										"name",
										"Unit price",
										"date",
										"e-mail",
										"Gr\xC3\xB6\xC3\x9F"
										"e"};
	static const char *const newlines[] = {"\n", "\r\n", "\r"};
	const char *newline = newlines[tap_random(3)];
	int rows = (ragged ? 4 : 2) + (int) tap_random(17);
	int odd = ragged ? (int) tap_random((size_t) rows) : rows;
	bool nulls = tap_random(3) == 0;
	CellType types[6] = {CELL_INTEGER};

	text[0] = '\0';
	for (int c = 0; c < width; c++)
	{
		if (c > 0)
			types[c] = (CellType) tap_random(CELL_NTYPES);
		if (header)
			strcat(strcat(text, c > 0 ? delimiter : ""), names[c]);
	}
	if (header)
		strcat(text, newline);
	for (int r = 0; r < rows; r++)
	{
		int n = r != odd ? width : tap_random(2) == 0 ? width - 1 : width + 1;

		for (int c = 0; c < n; c++)
		{
			strcat(text, c > 0 ? delimiter : "");
			append_value(text, c < width ? types[c] : CELL_WORD,
						 nulls && c > 0);
		}
		strcat(text, newline);
	}
}

/* Small tables in every usual dialect: hardly any may be taken wrongly. */
static void
test_tables(bool ragged, int allowed, const char *name)
{
	static const char *const delimiters[] = {",", ",",  ";",    "\t",
											 "|", "||", "\x1F", "^"};
	EtlCsvPinned nothing = {0};
	static char text[8192];
	int wrong = 0;

	for (int i = 0; i < 2000; i++)
	{
		const char *delimiter = delimiters[tap_random(8)];
		int width = (ragged ? 2 : 1) + (int) tap_random(ragged ? 5 : 6);
		bool header = tap_random(4) > 0;
		EtlCsvSniffed got;

		make_table(text, delimiter, width, header, ragged);
		got = sniff(text, &nothing, (EtlCsvDialect){.width = 0});
		if ((width == 1 ||
			 is_bytes(got.dialect.syntax.delimiter,
					  got.dialect.syntax.delimiter_len, delimiter)) &&
			got.dialect.width == width && got.dialect.header_rows == header &&
			got.dialect.skip == 0 && !got.dialect.stop_at_blank &&
			got.dialect.syntax.quote == '"' &&
			got.dialect.syntax.comment_len == 0)
			continue;
		if (wrong++ < 10)
			printf(
				"# delimiter [%.*s] width %d header %d skip %d for\n# [%s]\n",
				got.dialect.syntax.delimiter_len, got.dialect.syntax.delimiter,
				got.dialect.width, got.dialect.header_rows, got.dialect.skip,
				text);
	}
	printf("# %d of 2000 wrong\n", wrong);
	tap_ok(wrong <= allowed, name);
}

/* Tables of nothing but texts, with a header or without. */
static void
test_texts(bool header, int allowed, const char *name)
{
	static const char *const texts[][10] = {
		{"Ann", "Bob", "Cyrus", "Dora", "Emil", "Fiona", "Gus", "Hanna",
		 "Jean-Luc", "Maria"},
		{"Rome", "New York", "Oslo", "Bern", "Los Angeles", "Madrid",
		 "San Jose", "Lima", "Porto Alegre", "Ghent"},
		{"engineer", "sales manager", "teacher", "data analyst", "nurse",
		 "driver", "cook", "clerk", "head of finance", "artist"},
		{"chair", "lamp", "dining table", "kettle", "shelf", "wall clock",
		 "mirror", "sofa", "desk", "garden hose"},
		{"The fox jumps over it.", "While many people watch", "It was good",
		 "Meal or train home again", "Not so good.", "Think about the next",
		 "A lazy dog", "Over and over again", "Home by train", "Thanks"},
	};
	static const char *const names[][4] = {
		{"first_name", "Name", "Student", "OWNER"},
		{"city", "Town", "location_name", "Destination"},
		{"job", "Position", "Job title", "role"},
		{"product", "Item", "Article", "productName"},
		{"comment", "Description", "Notes", "Question"},
	};
	EtlCsvPinned nothing = {0};
	int wrong = 0;

	for (int i = 0; i < 1000; i++)
	{
		static char text[8192];
		int width = 2 + (int) tap_random(3);
		int rows = 6 + (int) tap_random(20);
		int first = (int) tap_random(5);

		text[0] = '\0';
		for (int r = header ? -1 : 0; r < rows; r++)
			for (int c = 0; c < width; c++)
			{
				int kind = (first + c) % 5;

				strcat(text, r < 0 ? names[kind][tap_random(4)]
								   : texts[kind][tap_random(10)]);
				strcat(text, c + 1 < width ? "," : "\n");
			}
		wrong += (sniff(text, &nothing, (EtlCsvDialect){.width = 0})
					  .dialect.header_rows == 1) != header;
	}
	printf("# %d of 1000 wrong\n", wrong);
	tap_ok(wrong <= allowed, name);
}

/* Noise of the bytes that matter, of any length, complete or not. */
static void
test_noise(void)
{
	static const char bytes[] = ",;|\t\"'\\\r\n \naaa111#:.-";
	EtlCsvPinned nothing = {0};
	bool ok = true;

	for (int i = 0; i < 3000; i++)
	{
		size_t len = tap_random(300);
		char *text = malloc(len + 1);
		EtlCsvSniffed got = {.footer = 0};

		for (size_t p = 0; p < len; p++)
			text[p] = bytes[tap_random(sizeof(bytes) - 1)];
		text = realloc(text, len > 0 ? len : 1);
		ok &= etl_csv_sniff(text, len, i % 2 == 0, &nothing, &got);
		ok &= got.dialect.width >= 1 && got.dialect.syntax.delimiter_len >= 1;
		free(text);
	}
	tap_ok(ok, "noise is survived");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		check_file(&files[i]);
	test_pinned();
	test_single_faults();
	test_tables(false, 10, "small tables");
	test_tables(true, 40, "small tables with a ragged record");
	test_texts(true, 5, "headers above texts");
	test_texts(false, 50, "texts without header");
	test_noise();
	return tap_done();
}
