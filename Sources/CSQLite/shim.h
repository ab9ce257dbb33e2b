#include <sqlite3.h>
#include <string.h>

// What Swift cannot call: SQLITE_TRANSIENT is a cast inside a macro, and sqlite3_file_control takes untyped
// pointers.

/// Binds text that SQLite copies at once.
static inline int megaphone_sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *bytes,
                                              int length) {
    return sqlite3_bind_text(statement, index, bytes, length, SQLITE_TRANSIENT);
}

/// Whether the open file is no longer what lies at its path.
static inline int megaphone_sqlite3_has_moved(sqlite3 *database) {
    int moved = 0;
    int result = sqlite3_file_control(database, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return result == SQLITE_OK && moved != 0;
}

/// The operating system's words for its last refusal, or NULL when it refused nothing.
static inline const char *megaphone_sqlite3_system_error(sqlite3 *database) {
    int number = sqlite3_system_errno(database);
    return number == 0 ? NULL : strerror(number);
}
