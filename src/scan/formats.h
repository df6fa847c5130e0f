/*
 * formats.h
 *	  The options of formats that others build on.
 */
#ifndef ETL_FORMATS_H
#define ETL_FORMATS_H

#include "postgres.h"

#include "csv/csv_reader.h"
#include "json/json_reader.h"
#include "scan/scan.h"

/* What the options of a call of csv and csv_rows are. */
typedef struct EtlCsvCallOptions
{
	EtlScanOptions common;
	EtlCsvOptions csv;
} EtlCsvCallOptions;

/* Of a call of json. */
typedef struct EtlJsonCallOptions
{
	EtlScanOptions common;
	EtlJsonOptions json;
} EtlJsonCallOptions;

/* The call that reads the pages of a call of api, by itself. */
extern EtlCall *etl_api_page_call(const EtlCall *call);

#endif
