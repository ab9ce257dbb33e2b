#include "CMySQL.h"

#include <fcntl.h>
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Both libraries define MYSQL_VERSION_ID; only MariaDB's defines these. */
#if defined(MARIADB_PACKAGE_VERSION_ID) || defined(LIBMARIADB)
#define HAS_MARIADB_CLIENT 1
#else
#define HAS_MARIADB_CLIENT 0
#endif

/* Error codes of both client libraries: CR_SSL_CONNECTION_ERROR, CR_OUT_OF_MEMORY, CR_NO_PREPARE_STMT,
 * CR_INVALID_PARAMETER_NO and CR_NO_RESULT_SET. */
enum {
    ERROR_TLS = 2026,
    ERROR_MEMORY = 2008,
    ERROR_NOT_PREPARED = 2030,
    ERROR_PARAMETER = 2034,
    ERROR_NO_RESULT = 2053
};

struct megaphone_mysql {
    MYSQL client;
    int tls_mode;

    MYSQL_RES *result;
    MYSQL_ROW row;
    unsigned long *row_lengths;
    unsigned columns;

    MYSQL_STMT *statement;
    MYSQL_BIND binds[MEGAPHONE_MYSQL_PARAMETERS];
    char parameters[MEGAPHONE_MYSQL_PARAMETERS][MEGAPHONE_MYSQL_PARAMETER_BYTES];
    unsigned long parameter_lengths[MEGAPHONE_MYSQL_PARAMETERS];

    unsigned long long affected_rows;
    unsigned error_number;
    char error_text[512];
};

static int fail(megaphone_mysql *connection, unsigned number, const char *text) {
    connection->error_number = number;
    snprintf(connection->error_text, sizeof connection->error_text, "%s", text);
    return -1;
}

static int client_error(megaphone_mysql *connection) {
    return fail(connection, mysql_errno(&connection->client), mysql_error(&connection->client));
}

static int statement_error(megaphone_mysql *connection) {
    return fail(connection, mysql_stmt_errno(connection->statement), mysql_stmt_error(connection->statement));
}

static void drop_result(megaphone_mysql *connection) {
    if (connection->result) mysql_free_result(connection->result);
    connection->result = NULL;
    connection->row = NULL;
    connection->columns = 0;
}

/* Buffers the result of the statement that has just run. */
static int take_result(megaphone_mysql *connection) {
    MYSQL *client = &connection->client;
    connection->result = mysql_store_result(client);
    /* An error after the first packet of a result is reported only here. Check the error number first:
     * when the connection breaks, MariaDB's library clears the field count, which then looks like a
     * statement without a result. */
    if (!connection->result && (mysql_errno(client) || mysql_field_count(client))) {
        return client_error(connection);
    }
    if (connection->result) connection->columns = mysql_num_fields(connection->result);
    connection->affected_rows = mysql_affected_rows(client);
    return 0;
}

int megaphone_mysql_library_init(void) { return mysql_library_init(0, NULL, NULL); }

void megaphone_mysql_thread_end(void) { mysql_thread_end(); }

megaphone_mysql *megaphone_mysql_create(void) {
    megaphone_mysql *connection = calloc(1, sizeof *connection);
    if (!connection) return NULL;
    if (!mysql_init(&connection->client)) {
        free(connection);
        return NULL;
    }
    MYSQL *client = &connection->client;
    /* A server must not request local files of this process. */
    unsigned no = 0;
    mysql_options(client, MYSQL_OPT_LOCAL_INFILE, &no);
    /* The encoding of the user name at login. The session's character set is set by SQL later. */
    mysql_options(client, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    return connection;
}

void megaphone_mysql_set_limits(megaphone_mysql *connection, unsigned connect_seconds, unsigned io_seconds) {
    MYSQL *client = &connection->client;
    mysql_options(client, MYSQL_OPT_CONNECT_TIMEOUT, &connect_seconds);
    mysql_options(client, MYSQL_OPT_READ_TIMEOUT, &io_seconds);
    mysql_options(client, MYSQL_OPT_WRITE_TIMEOUT, &io_seconds);
}

void megaphone_mysql_set_tls(megaphone_mysql *connection, int mode, const char *authority,
                             const char *certificate, const char *key) {
    MYSQL *client = &connection->client;
    connection->tls_mode = mode;
    if (authority) mysql_options(client, MYSQL_OPT_SSL_CA, authority);
    if (certificate) mysql_options(client, MYSQL_OPT_SSL_CERT, certificate);
    if (key) mysql_options(client, MYSQL_OPT_SSL_KEY, key);
#if HAS_MARIADB_CLIENT
    /* With ENFORCE alone, MariaDB's library continues without TLS if the server has none. Only VERIFY
     * fails then, before the password is sent. If a CA is given, the certificate chain is checked even
     * without VERIFY. */
    my_bool encrypt = mode != MEGAPHONE_MYSQL_TLS_DISABLED;
    my_bool verify = mode == MEGAPHONE_MYSQL_TLS_VERIFY_IDENTITY;
    mysql_options(client, MYSQL_OPT_SSL_ENFORCE, &encrypt);
    mysql_options(client, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
#else
    static const unsigned modes[] = {
        [MEGAPHONE_MYSQL_TLS_DISABLED] = SSL_MODE_DISABLED,
        [MEGAPHONE_MYSQL_TLS_PREFERRED] = SSL_MODE_PREFERRED,
        [MEGAPHONE_MYSQL_TLS_REQUIRED] = SSL_MODE_REQUIRED,
        [MEGAPHONE_MYSQL_TLS_VERIFY_CA] = SSL_MODE_VERIFY_CA,
        [MEGAPHONE_MYSQL_TLS_VERIFY_IDENTITY] = SSL_MODE_VERIFY_IDENTITY,
    };
    unsigned library_mode = modes[mode];
    mysql_options(client, MYSQL_OPT_SSL_MODE, &library_mode);
    /* Without TLS, caching_sha2_password needs the server's public key at the first login. MariaDB's
     * library always requests it. */
    bool ask_for_key = mode <= MEGAPHONE_MYSQL_TLS_PREFERRED;
    mysql_options(client, MYSQL_OPT_GET_SERVER_PUBLIC_KEY, &ask_for_key);
#endif
}

int megaphone_mysql_connect(megaphone_mysql *connection, const char *host, unsigned port, const char *socket,
                            const char *user, const char *password, const char *database) {
    MYSQL *client = &connection->client;
    /* Otherwise both libraries take the host "localhost" for a Unix socket, whatever the port. */
    unsigned protocol = socket ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
    mysql_options(client, MYSQL_OPT_PROTOCOL, &protocol);
    /* No flags: with CLIENT_FOUND_ROWS, a new row and an equal one have the same number of affected rows. */
    if (!mysql_real_connect(client, socket ? NULL : host, user, password, database, port, socket, 0)) {
        return client_error(connection);
    }
    if (connection->tls_mode >= MEGAPHONE_MYSQL_TLS_REQUIRED && !mysql_get_ssl_cipher(client)) {
        return fail(connection, ERROR_TLS, "the server does not offer the encryption that ssl-mode requires");
    }
    return 0;
}

int megaphone_mysql_ping(megaphone_mysql *connection) {
    return mysql_ping(&connection->client) ? client_error(connection) : 0;
}

int megaphone_mysql_query(megaphone_mysql *connection, const char *statement, size_t length) {
    drop_result(connection);
    if (mysql_real_query(&connection->client, statement, length)) return client_error(connection);
    return take_result(connection);
}

int megaphone_mysql_allow_several(megaphone_mysql *connection) {
    return mysql_set_server_option(&connection->client, MYSQL_OPTION_MULTI_STATEMENTS_ON)
               ? client_error(connection)
               : 0;
}

int megaphone_mysql_next_result(megaphone_mysql *connection) {
    drop_result(connection);
    int outcome = mysql_next_result(&connection->client);
    if (outcome < 0) return fail(connection, ERROR_NO_RESULT, "the statement has no result");
    return outcome > 0 ? client_error(connection) : take_result(connection);
}

int megaphone_mysql_prepare(megaphone_mysql *connection, const char *statement, size_t length,
                            unsigned parameters) {
    if (parameters > MEGAPHONE_MYSQL_PARAMETERS) return fail(connection, ERROR_PARAMETER, "too many parameters");
    if (connection->statement) mysql_stmt_close(connection->statement);
    connection->statement = mysql_stmt_init(&connection->client);
    if (!connection->statement) return fail(connection, ERROR_MEMORY, "out of memory");
    if (mysql_stmt_prepare(connection->statement, statement, length)) return statement_error(connection);
    if (mysql_stmt_param_count(connection->statement) != parameters) {
        return fail(connection, ERROR_PARAMETER, "wrong number of parameters");
    }
    memset(connection->binds, 0, sizeof connection->binds);
    for (unsigned index = 0; index < parameters; index++) {
        connection->binds[index].buffer_type = MYSQL_TYPE_STRING;
        connection->binds[index].buffer = connection->parameters[index];
        connection->binds[index].buffer_length = MEGAPHONE_MYSQL_PARAMETER_BYTES;
        connection->binds[index].length = &connection->parameter_lengths[index];
    }
    return mysql_stmt_bind_param(connection->statement, connection->binds) ? statement_error(connection) : 0;
}

int megaphone_mysql_bind(megaphone_mysql *connection, unsigned parameter, const char *bytes, size_t length) {
    if (parameter >= MEGAPHONE_MYSQL_PARAMETERS || length > MEGAPHONE_MYSQL_PARAMETER_BYTES) {
        return fail(connection, ERROR_PARAMETER, "the parameter is too long");
    }
    if (length > 0) memcpy(connection->parameters[parameter], bytes, length);
    connection->parameter_lengths[parameter] = length;
    return 0;
}

int megaphone_mysql_execute(megaphone_mysql *connection) {
    if (!connection->statement) return fail(connection, ERROR_NOT_PREPARED, "no statement is prepared");
    if (mysql_stmt_execute(connection->statement)) return statement_error(connection);
    connection->affected_rows = mysql_stmt_affected_rows(connection->statement);
    return 0;
}

unsigned long long megaphone_mysql_affected_rows(megaphone_mysql *connection) {
    return connection->affected_rows;
}

int megaphone_mysql_next_row(megaphone_mysql *connection) {
    if (!connection->result) return 0;
    connection->row = mysql_fetch_row(connection->result);
    if (!connection->row) return 0;
    connection->row_lengths = mysql_fetch_lengths(connection->result);
    return 1;
}

const char *megaphone_mysql_value(megaphone_mysql *connection, unsigned column, size_t *length) {
    *length = 0;
    if (!connection->row || column >= connection->columns) return NULL;
    *length = connection->row_lengths[column];
    return connection->row[column];
}

unsigned megaphone_mysql_error_number(const megaphone_mysql *connection) { return connection->error_number; }

const char *megaphone_mysql_error_text(const megaphone_mysql *connection) { return connection->error_text; }

unsigned long megaphone_mysql_connection_id(megaphone_mysql *connection) {
    return mysql_thread_id(&connection->client);
}

const char *megaphone_mysql_cipher(megaphone_mysql *connection) {
    return mysql_get_ssl_cipher(&connection->client);
}

const char *megaphone_mysql_server_version(megaphone_mysql *connection) {
    return mysql_get_server_info(&connection->client);
}

int megaphone_mysql_duplicate_socket(const megaphone_mysql *connection) {
    int descriptor = (int)connection->client.net.fd;
    return descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
}

void megaphone_mysql_shut_down(int socket) { shutdown(socket, SHUT_RDWR); }

void megaphone_mysql_release(int socket) { close(socket); }

void megaphone_mysql_close(megaphone_mysql *connection) {
    drop_result(connection);
    if (connection->statement) mysql_stmt_close(connection->statement);
    mysql_close(&connection->client);
    free(connection);
}
