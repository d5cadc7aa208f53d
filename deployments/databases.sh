#!/bin/sh
# Makes the two databases, each owned by an account of its own that may not enter the other.
#
# The PostgreSQL image runs this once, when its volume is new. POSTGRES_USER is the administrator;
# LEADLINE_DATABASE_PASSWORD and PREFECT_DATABASE_PASSWORD are the accounts' passwords.
set -eu

make_database() {
    # the password comes by environment: arguments can be read by everybody on the computer
    NEW_PASSWORD="$2" psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --set=name="$1" \
        --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
\getenv password NEW_PASSWORD
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
}

make_database leadline "$LEADLINE_DATABASE_PASSWORD"
make_database prefect "$PREFECT_DATABASE_PASSWORD"
