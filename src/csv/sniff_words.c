/*
 * sniff_words.c
 *	  Words that names of columns are made of.
 *
 * Where texts stand above texts, nothing but their meaning may tell a header
 * from a record.  One such word in a first record is a strong sign.
 */
#include "csv/sniff_private.h"

#include <stdlib.h>
#include <string.h>

/* Longer words aren't in the list. */
#define MAX_WORD 16

/* Sorted.  English, and the commonest in some languages more. */
static const char *const words[] = {
	"abstract",     "account",      "active",       "actor",
	"address",      "adresse",      "age",          "album",
	"altitude",     "amount",       "anzahl",       "area",
	"arrival",      "article",      "artist",       "author",
	"balance",      "beschreibung", "bezeichnung",  "borough",
	"brand",        "browser",      "calle",        "campaign",
	"candidate",    "categorie",    "category",     "channel",
	"chapter",      "cidade",       "city",         "ciudad",
	"client",       "cliente",      "coach",        "code",
	"codigo",       "color",        "colour",       "column",
	"comment",      "comments",     "company",      "contact",
	"continent",    "cost",         "count",        "country",
	"county",       "course",       "created",      "currency",
	"customer",     "date",         "datum",        "day",
	"deleted",      "department",   "departure",    "depth",
	"desc",         "descripcion",  "description",  "descrizione",
	"destination",  "device",       "direccion",    "distance",
	"district",     "doi",          "domain",       "duration",
	"elevation",    "email",        "employee",     "enabled",
	"estado",       "event",        "farbe",        "fecha",
	"field",        "file",         "firma",        "firstname",
	"format",       "frequency",    "gender",       "gene",
	"genre",        "geschlecht",   "goals",        "grade",
	"group",        "habitat",      "height",       "humidity",
	"id",           "identifier",   "image",        "index",
	"indirizzo",    "invoice",      "isbn",         "item",
	"job",          "journal",      "kategorie",    "key",
	"keyword",      "keywords",     "kind",         "kunde",
	"label",        "lang",         "language",     "lastname",
	"lat",          "latency",      "latitude",     "league",
	"length",       "level",        "libelle",      "link",
	"locality",     "location",     "lon",          "longitude",
	"loser",        "mail",         "max",          "maximum",
	"measurement",  "median",       "menge",        "message",
	"method",       "min",          "minimum",      "model",
	"modified",     "month",        "municipality", "nachname",
	"name",         "names",        "network",      "nom",
	"nombre",       "nome",         "note",         "notes",
	"number",       "numero",       "occupation",   "organisation",
	"organization", "origin",       "ort",          "owner",
	"pais",         "parameter",    "parish",       "path",
	"payment",      "pays",         "percent",      "percentage",
	"person",       "phone",        "place",        "player",
	"plz",          "points",       "population",   "position",
	"postalcode",   "postcode",     "precinct",     "preis",
	"pressure",     "price",        "prix",         "probability",
	"product",      "project",      "protein",      "protocol",
	"province",     "provincia",    "publisher",    "qty",
	"quantity",     "query",        "question",     "rank",
	"rating",       "ratio",        "reason",       "ref",
	"reference",    "referrer",     "region",       "remark",
	"remarks",      "result",       "role",         "room",
	"salary",       "sample",       "score",        "section",
	"sector",       "sensor",       "sequence",     "server",
	"session",      "sex",          "site",         "size",
	"sku",          "source",       "species",      "sprache",
	"stadt",        "state",        "station",      "status",
	"strasse",      "street",       "student",      "subject",
	"suburb",       "supplier",     "surname",      "symbol",
	"tag",          "tags",         "target",       "taxon",
	"team",         "telefon",      "telephone",    "temperature",
	"text",         "ticker",       "time",         "timestamp",
	"tipo",         "title",        "topic",        "total",
	"town",         "typ",          "type",         "unit",
	"units",        "updated",      "url",          "user",
	"username",     "valor",        "value",        "values",
	"variable",     "vendor",       "version",      "ville",
	"volume",       "vorname",      "votes",        "website",
	"week",         "weight",       "wert",         "width",
	"winner",       "year",         "zip",          "zipcode"};

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int
compare_word(const void *key, const void *word)
{
	return strcmp(key, *(const char *const *) word);
}

/*
 * True if the text has one of the words, whatever its case; in "firstName" and
 * "FIRST_NAME" it is the second.
 */
bool
sniff_has_header_word(const char *s, size_t n)
{
	char word[MAX_WORD + 1];
	size_t len = 0;

	for (size_t p = 0; p <= n; p++)
	{
		bool letter = p < n && is_letter(s[p]);
		bool hump = letter && p > 0 && s[p] >= 'A' && s[p] <= 'Z' &&
					s[p - 1] >= 'a' && s[p - 1] <= 'z';

		if ((!letter || hump) && len > 0)
		{
			word[len <= MAX_WORD ? len : 0] = '\0';
			if (bsearch(word, words, sizeof(words) / sizeof(words[0]),
						sizeof(words[0]), compare_word) != NULL)
				return true;
			len = 0;
		}
		if (letter && len++ < MAX_WORD)
			word[len - 1] = (char) (s[p] | 0x20);
	}
	return false;
}
