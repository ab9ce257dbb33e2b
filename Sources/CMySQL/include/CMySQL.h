/*
 * Flat calls over libmysqlclient, for one connection on one thread at a time.
 *
 * Swift sees no struct, boolean or option of the client library: Oracle's and MariaDB's agree on none of them.
 * Their numbers of options differ, so the .c file is compiled against the header that is installed.
 */
#ifndef MEGAPHONE_CMYSQL_H
#define MEGAPHONE_CMYSQL_H

#include <stddef.h>

/* A connection, open or not, with at most one result and one prepared statement. */
typedef struct megaphone_mysql megaphone_mysql;

/* MySQL's --ssl-mode, by the same meaning with either library. */
enum {
    MEGAPHONE_MYSQL_TLS_DISABLED,
    MEGAPHONE_MYSQL_TLS_PREFERRED,
    MEGAPHONE_MYSQL_TLS_REQUIRED,
    MEGAPHONE_MYSQL_TLS_VERIFY_CA,
    MEGAPHONE_MYSQL_TLS_VERIFY_IDENTITY
};

/* The largest parameter of a prepared statement in bytes, and how many it may have. */
enum { MEGAPHONE_MYSQL_PARAMETER_BYTES = 256, MEGAPHONE_MYSQL_PARAMETERS = 4 };

/* Once, before any other call and any other thread. Nonzero: the library cannot be used. It ignores SIGPIPE
 * from then on, for the whole process. */
int megaphone_mysql_library_init(void);

/* When a thread that used a connection ends. */
void megaphone_mysql_thread_end(void);

/* NULL: no memory. */
megaphone_mysql *megaphone_mysql_create(void);

/* Before connect: whole seconds, at least 1, for the login and for each read and write after it. */
void megaphone_mysql_set_limits(megaphone_mysql *connection, unsigned connect_seconds, unsigned io_seconds);

/* Before connect. The paths may be NULL. */
void megaphone_mysql_set_tls(megaphone_mysql *connection, int mode, const char *authority,
                             const char *certificate, const char *key);

/* All of these return zero when done; otherwise error_number and error_text say why not. */

/* By TCP to host and port, or through the socket when that is not NULL. A session that is not as private as
 * its mode wants is refused. */
int megaphone_mysql_connect(megaphone_mysql *connection, const char *host, unsigned port, const char *socket,
                            const char *user, const char *password, const char *database);
int megaphone_mysql_ping(megaphone_mysql *connection);

/* Runs one statement and takes its whole result, in place of the one before. */
int megaphone_mysql_query(megaphone_mysql *connection, const char *statement, size_t length);

/* Prepares the one statement that execute runs. It has `parameters` question marks. */
int megaphone_mysql_prepare(megaphone_mysql *connection, const char *statement, size_t length,
                            unsigned parameters);

/* Copies one parameter, counted from zero, for all later executions. Nonzero: it is too long, or there is
 * none such. */
int megaphone_mysql_bind(megaphone_mysql *connection, unsigned parameter, const char *bytes, size_t length);
int megaphone_mysql_execute(megaphone_mysql *connection);

/* Rows inserted, changed or removed by the last query or execution; an upsert counts 1 for a new row, 2 for a
 * changed one, 0 for an equal one. */
unsigned long long megaphone_mysql_affected_rows(megaphone_mysql *connection);

/* Goes to the next row of the result; zero when there is none. */
int megaphone_mysql_next_row(megaphone_mysql *connection);

/* A value of that row, NULL for SQL's NULL and for a column that is not there. Valid until the next row or
 * query. */
const char *megaphone_mysql_value(megaphone_mysql *connection, unsigned column, size_t *length);

/* The client library's or the server's number and text of the last error. */
unsigned megaphone_mysql_error_number(const megaphone_mysql *connection);
const char *megaphone_mysql_error_text(const megaphone_mysql *connection);

/* Valid once connected; the cipher is NULL without TLS. */
const char *megaphone_mysql_cipher(megaphone_mysql *connection);
const char *megaphone_mysql_server_version(megaphone_mysql *connection);

/* Another descriptor of the connection's socket; less than zero when there is none. The library may close its
 * own at any time, this one stays what it is until it is released. */
int megaphone_mysql_duplicate_socket(const megaphone_mysql *connection);

/* From any thread: ends every call that blocks on the socket. */
void megaphone_mysql_shut_down(int socket);
void megaphone_mysql_release(int socket);

/* Ends the session and frees everything. Never blocks for long once the socket is shut down. */
void megaphone_mysql_close(megaphone_mysql *connection);

#endif
