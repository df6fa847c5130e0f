-- Every object that the extension shows to users tells what it is.
SELECT pg_describe_object(classid, objid, 0) AS "without comment"
FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_etl')
	AND deptype = 'e'
	AND classid IN ('pg_proc'::regclass, 'pg_class'::regclass,
		'pg_namespace'::regclass)
	AND NOT EXISTS (SELECT FROM pg_class
		WHERE classid = 'pg_class'::regclass AND oid = objid
			AND relkind NOT IN ('r', 'v', 'm', 'p'))
	AND obj_description(objid, classid::regclass::name) IS NULL
ORDER BY 1;

SELECT attrelid::regclass AS "table", attname AS "without comment"
FROM pg_attribute
	JOIN pg_depend ON classid = 'pg_class'::regclass AND objid = attrelid
		AND refclassid = 'pg_extension'::regclass AND deptype = 'e'
	JOIN pg_extension e ON e.oid = refobjid AND extname = 'pg_etl'
	JOIN pg_class c ON c.oid = attrelid AND relkind IN ('r', 'v', 'm', 'p')
WHERE attnum > 0 AND NOT attisdropped
	AND col_description(attrelid, attnum) IS NULL
ORDER BY attrelid::regclass::text, attnum;
