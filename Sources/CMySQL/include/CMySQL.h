/*
 * Flat functions over libmysqlclient or MariaDB's client library. A connection is used by one thread at a
 * time.
 *
 * The interface contains no struct, boolean or option of the client library, because Oracle's and MariaDB's
 * differ in all of them. The option numbers differ, too, so the .c file must be compiled against the
 * installed header.
 */
#ifndef MEGAPHONE_CMYSQL_H
#define MEGAPHONE_CMYSQL_H

#include <stddef.h>

/* A connection, open or not, with at most one result and one prepared statement. */
typedef struct megaphone_mysql megaphone_mysql;

/* The values of MySQL's --ssl-mode, with the same meaning for both libraries. */
enum {
    MEGAPHONE_MYSQL_TLS_DISABLED,
    MEGAPHONE_MYSQL_TLS_PREFERRED,
    MEGAPHONE_MYSQL_TLS_REQUIRED,
    MEGAPHONE_MYSQL_TLS_VERIFY_CA,
    MEGAPHONE_MYSQL_TLS_VERIFY_IDENTITY
};

/* The maximum size of a parameter in bytes, and the maximum number of parameters. */
enum { MEGAPHONE_MYSQL_PARAMETER_BYTES = 256, MEGAPHONE_MYSQL_PARAMETERS = 4 };

/* Initialises the library. Must be called once, before any other call and before other threads start.
 * Returns nonzero if the library cannot be used. The library ignores SIGPIPE from then on, for the whole
 * process. */
int megaphone_mysql_library_init(void);

/* Frees the library's data of the calling thread. Must be called before a thread that used a connection
 * ends. */
void megaphone_mysql_thread_end(void);

/* Returns NULL if out of memory. */
megaphone_mysql *megaphone_mysql_create(void);

/* Sets the timeouts for the login, and for each read and write after it, in whole seconds, at least 1.
 * Must be called before connect. */
void megaphone_mysql_set_limits(megaphone_mysql *connection, unsigned connect_seconds, unsigned io_seconds);

/* Sets the TLS mode. Must be called before connect. The paths may be NULL. */
void megaphone_mysql_set_tls(megaphone_mysql *connection, int mode, const char *authority,
                             const char *certificate, const char *key);

/* The functions that return int return zero on success unless their comment says otherwise. After a
 * failure, error_number and error_text describe the error. */

/* Connects by TCP to host and port, or through the Unix socket if that is not NULL, and logs in. Fails if
 * the session is not encrypted as the TLS mode requires. */
int megaphone_mysql_connect(megaphone_mysql *connection, const char *host, unsigned port, const char *socket,
                            const char *user, const char *password, const char *database);
int megaphone_mysql_ping(megaphone_mysql *connection);

/* Runs one statement and buffers its whole result, which replaces the last one. */
int megaphone_mysql_query(megaphone_mysql *connection, const char *statement, size_t length);

/* From now on, query accepts several statements separated by semicolons. Costs a round trip. */
int megaphone_mysql_allow_several(megaphone_mysql *connection);

/* Buffers the result of the next statement of the last query, or fails with its error. Must be called once for
 * each statement but the first, until one fails: the server runs none after it. */
int megaphone_mysql_next_result(megaphone_mysql *connection);

/* Prepares the statement that execute runs. `parameters` is its number of question marks. */
int megaphone_mysql_prepare(megaphone_mysql *connection, const char *statement, size_t length,
                            unsigned parameters);

/* Copies a parameter, counted from zero, for all later executions. Fails if the parameter is too long or
 * the index too large. */
int megaphone_mysql_bind(megaphone_mysql *connection, unsigned parameter, const char *bytes, size_t length);
int megaphone_mysql_execute(megaphone_mysql *connection);

/* The number of rows affected by the last execute or query: for an upsert, 1 for a new row, 2 for a changed row and
 * 0 for an equal one. */
unsigned long long megaphone_mysql_affected_rows(megaphone_mysql *connection);

/* Advances to the next row of the result. Returns zero if there is none. */
int megaphone_mysql_next_row(megaphone_mysql *connection);

/* Returns a value of the current row; NULL for SQL's NULL and for a column that does not exist. Valid
 * until the next row or query. */
const char *megaphone_mysql_value(megaphone_mysql *connection, unsigned column, size_t *length);

/* The code and the text of the last error, from the client library or the server. */
unsigned megaphone_mysql_error_number(const megaphone_mysql *connection);
const char *megaphone_mysql_error_text(const megaphone_mysql *connection);

/* Valid once connected. The server's number of the session. The cipher is NULL without TLS. */
unsigned long megaphone_mysql_connection_id(megaphone_mysql *connection);
const char *megaphone_mysql_cipher(megaphone_mysql *connection);
const char *megaphone_mysql_server_version(megaphone_mysql *connection);

/* Returns a duplicate of the socket's descriptor, or a negative number on failure. The library may close
 * its own descriptor at any time; the duplicate stays valid until it is released. */
int megaphone_mysql_duplicate_socket(const megaphone_mysql *connection);

/* Shuts down the socket, which ends every call that blocks on it. May be called from any thread. */
void megaphone_mysql_shut_down(int socket);
void megaphone_mysql_release(int socket);

/* Closes the session and frees everything. Returns soon if the socket has been shut down. */
void megaphone_mysql_close(megaphone_mysql *connection);

#endif
