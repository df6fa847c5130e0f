/*
 * tuple_form.c
 *	  Forms the tuples of one relation, in one pass over their values.
 *
 * The layout is the server's: see heap_fill_tuple().  Padding is zeroed, for it
 * is by a zero byte that a reader tells that a long value was aligned.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "utils/expandeddatum.h"

#include "compat.h"
#include "load/tuple_form.h"
#include "row/copy.h"

/* How a column's values lie in a tuple. */
typedef enum Layout
{
	LAYOUT_BYTES_1,
	LAYOUT_BYTES_2,
	LAYOUT_BYTES_4,
	LAYOUT_BYTES_8,
	LAYOUT_VARLENA,
	LAYOUT_FIXED, /* by reference */
	LAYOUT_CSTRING
} Layout;

typedef struct FormColumn
{
	uint8 layout;
	uint8 align; /* in bytes */
	bool may_be_short;
	int16 length;
} FormColumn;

struct EtlTupleForm
{
	TupleDesc desc;
	size_t fixed; /* the most bytes of all but the varying columns */
	int nvarying;
	int *varying; /* their numbers */
	FormColumn columns[FLEXIBLE_ARRAY_MEMBER];
};

static void
set_layout(FormColumn *column, Form_pg_attribute attribute)
{
	column->length = attribute->attlen;
	column->align = (uint8) att_align_nominal(1, attribute->attalign);
	column->may_be_short = attribute->attstorage != TYPSTORAGE_PLAIN;
	if (attribute->attlen == -1)
		column->layout = LAYOUT_VARLENA;
	else if (attribute->attlen == -2)
		column->layout = LAYOUT_CSTRING;
	else if (!attribute->attbyval)
		column->layout = LAYOUT_FIXED;
	else
		switch (attribute->attlen)
		{
			case 1:
				column->layout = LAYOUT_BYTES_1;
				break;
			case 2:
				column->layout = LAYOUT_BYTES_2;
				break;
			case 4:
				column->layout = LAYOUT_BYTES_4;
				break;
			default:
				column->layout = LAYOUT_BYTES_8;
				break;
		}
}

EtlTupleForm *
etl_tuple_form_new(TupleDesc desc)
{
	EtlTupleForm *form = palloc0(offsetof(EtlTupleForm, columns) +
								 sizeof(FormColumn) * desc->natts);

	form->desc = desc;
	form->varying = palloc(sizeof(int) * Max(desc->natts, 1));
	form->fixed = MAXALIGN(SizeofHeapTupleHeader + BITMAPLEN(desc->natts)) +
				  MAXIMUM_ALIGNOF; /* for the last padding */
	for (int i = 0; i < desc->natts; i++)
	{
		FormColumn *column = &form->columns[i];

		set_layout(column, TupleDescAttr(desc, i));
		if (column->length < 0)
			form->varying[form->nvarying++] = i;
		else
			form->fixed += column->length;
		form->fixed += column->align;
	}
	return form;
}

size_t
etl_tuple_form_bound(const EtlTupleForm *form, const Datum *values,
					 const bool *isnull)
{
	size_t bound = form->fixed;

	for (int i = 0; i < form->nvarying; i++)
	{
		int c = form->varying[i];

		if (isnull[c])
			continue;
		if (form->columns[c].layout == LAYOUT_CSTRING)
			bound += strlen(DatumGetCString(values[c])) + 1;
		else if (VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(values[c])))
			bound += EOH_get_flat_size(DatumGetEOHP(values[c]));
		else
			bound += VARSIZE_ANY(DatumGetPointer(values[c]));
	}
	return bound;
}

/* Zeroes the padding up to the next multiple of align, and maybe more. */
static inline char *
pad(char *p, size_t align)
{
	static const char zeroes[MAXIMUM_ALIGNOF] = {0};

	memcpy(p, zeroes, sizeof(zeroes));
	return (char *) TYPEALIGN(align, (uintptr_t) p);
}

static inline char *
put_varlena(char *p, const FormColumn *column, Datum value, uint16 *infomask)
{
	struct varlena *v = (struct varlena *) DatumGetPointer(value);
	size_t n;

	*infomask |= HEAP_HASVARWIDTH;
	if (VARATT_IS_EXTERNAL(v))
	{
		if (VARATT_IS_EXTERNAL_EXPANDED(v))
		{
			ExpandedObjectHeader *object = DatumGetEOHP(value);

			p = pad(p, column->align);
			n = EOH_get_flat_size(object);
			EOH_flatten_into(object, p, n);
			return p + n;
		}
		*infomask |= HEAP_HASEXTERNAL;
		n = VARSIZE_EXTERNAL(v);
	}
	else if (VARATT_IS_SHORT(v))
		n = VARSIZE_SHORT(v);
	else if (column->may_be_short && VARATT_CAN_MAKE_SHORT(v))
	{
		n = VARATT_CONVERTED_SHORT_SIZE(v);
		SET_VARSIZE_SHORT(p, n);
		etl_copy_bytes(p + 1, VARDATA(v), n - 1);
		return p + n;
	}
	else
	{
		p = pad(p, column->align);
		n = VARSIZE(v);
	}
	etl_copy_bytes(p, (const char *) v, n);
	return p + n;
}

static inline char *
put_value(char *p, const FormColumn *column, Datum value, uint16 *infomask)
{
	size_t n;

	switch ((Layout) column->layout)
	{
		case LAYOUT_BYTES_1:
			*p = DatumGetChar(value);
			return p + 1;
		case LAYOUT_BYTES_2:
			p = pad(p, column->align);
			*(int16 *) p = DatumGetInt16(value);
			return p + sizeof(int16);
		case LAYOUT_BYTES_4:
			p = pad(p, column->align);
			*(int32 *) p = DatumGetInt32(value);
			return p + sizeof(int32);
		case LAYOUT_BYTES_8:
			p = pad(p, column->align);
			*(Datum *) p = value;
			return p + sizeof(Datum);
		case LAYOUT_VARLENA:
			return put_varlena(p, column, value, infomask);
		case LAYOUT_FIXED:
			p = pad(p, column->align);
			memcpy(p, DatumGetPointer(value), column->length);
			return p + column->length;
		case LAYOUT_CSTRING:
			*infomask |= HEAP_HASVARWIDTH;
			p = pad(p, column->align);
			n = strlen(DatumGetCString(value)) + 1;
			memcpy(p, DatumGetCString(value), n);
			return p + n;
	}
	pg_unreachable();
}

void
etl_tuple_form(const EtlTupleForm *form, const Datum *values,
			   const bool *isnull, char *place, HeapTuple tuple)
{
	int natts = form->desc->natts;
	HeapTupleHeader header = (HeapTupleHeader) place;
	bool has_null = memchr(isnull, true, natts) != NULL;
	size_t hoff = SizeofHeapTupleHeader;
	uint16 infomask = 0;
	char *p;

	if (has_null)
	{
		hoff += BITMAPLEN(natts);
		infomask |= HEAP_HASNULL;
	}
	hoff = MAXALIGN(hoff);
	memset(header, 0, hoff);
	p = place + hoff;
	for (int i = 0; i < natts; i++)
	{
		if (unlikely(isnull[i]))
			continue;
		if (has_null)
			header->t_bits[i >> 3] |= (bits8) (1 << (i & 7));
		p = put_value(p, &form->columns[i], values[i], &infomask);
	}
	header->t_infomask = infomask;
	header->t_hoff = (uint8) hoff;
	HeapTupleHeaderSetNatts(header, natts);
	ItemPointerSetInvalid(&header->t_ctid);
	tuple->t_len = (uint32) (p - place);
	tuple->t_data = header;
	tuple->t_tableOid = InvalidOid;
	ItemPointerSetInvalid(&tuple->t_self);
}
