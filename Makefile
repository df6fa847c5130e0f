# pg_etl: read, load and schedule external data in SQL.
#
#   make && make install   build against the server that PG_CONFIG names
#   make check             every test; installs what is missing, leaves the
#                          machine's own PostgreSQL alone
#   make check-long        the same with longer fuzzing and larger data
#   make demo              a short tour on real data in a throwaway cluster
#   make bench             speed and memory against file_fdw, DuckDB and others

EXTENSION = pg_etl
EXTVERSION = 0.1.0

# These run scripts of their own, on machines that may not have PostgreSQL yet,
# so they never reach PGXS.
SCRIPTED = check check-long demo bench

ifneq ($(filter $(SCRIPTED),$(MAKECMDGOALS)),)

check:
	@test/run-check
check-long:
	@test/run-check --long
demo:
	@test/demo/run
bench:
	@test/bench/run
.PHONY: $(SCRIPTED)

else

MODULE_big = pg_etl
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))

# The install script is these files, in this order.
INSTALL_SQL = \
	sql/install/00_schema.sql \
	sql/install/05_servers.sql \
	sql/install/10_csv.sql \
	sql/install/11_json.sql \
	sql/install/12_api.sql \
	sql/install/15_look.sql \
	sql/install/20_load.sql \
	sql/install/21_ledger.sql \
	sql/install/40_dead_letter.sql \
	sql/install/90_grants.sql

DATA = $(wildcard sql/updates/pg_etl--*--*.sql)
DATA_built = $(EXTENSION)--$(EXTVERSION).sql

# The server's own headers do not pass the two warnings that are off.  No -march:
# wider instruction sets are chosen at run time.
PG_CPPFLAGS = -Isrc
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare
# Our calls of our own functions need not go through a table.
SHLIB_LINK = -Wl,-Bsymbolic-functions -lcurl -ljansson -lzstd -llz4 -lbz2 -llzma -lz

# Bitcode would only help the server inline our functions into JIT code, where
# none of them is called often enough, and it demands the server's own clang.
override with_llvm = no

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PGXS knows no header dependencies, and a struct that two objects see in two
# shapes costs an afternoon, so every object depends on every header.
$(OBJS): $(wildcard src/*.h src/*/*.h)

$(EXTENSION)--$(EXTVERSION).sql: $(INSTALL_SQL)
	cat $^ >$@

endif
