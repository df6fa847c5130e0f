// Runs one query in DuckDB on one thread and prints its milliseconds.
// usage: node duckdb.js SQL, with the package in BENCH_DIR/node_modules
const { DuckDBInstance } = require(
	process.env.BENCH_DIR + '/node_modules/@duckdb/node-api');

async function main() {
	const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
	const connection = await instance.connect();
	const start = process.hrtime.bigint();
	await (await connection.run(process.argv[2])).getRows();
	console.log(Number(process.hrtime.bigint() - start) / 1e6);
}

main().catch((error) => {
	console.error(error.message);
	process.exit(1);
});
