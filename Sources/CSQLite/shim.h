#include <sqlite3.h>
#include <string.h>

// Functions for what Swift cannot import or call well: SQLITE_TRANSIENT is a cast inside a macro, and
// sqlite3_file_control takes untyped pointers.

/// Binds text, which SQLite copies at once.
static inline int megaphone_sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *bytes,
                                              int length) {
    return sqlite3_bind_text(statement, index, bytes, length, SQLITE_TRANSIENT);
}

/// Returns whether the open database file has been moved, replaced or deleted (SQLITE_FCNTL_HAS_MOVED).
static inline int megaphone_sqlite3_has_moved(sqlite3 *database) {
    int moved = 0;
    int result = sqlite3_file_control(database, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return result == SQLITE_OK && moved != 0;
}

/// Returns the text of the last system call error (sqlite3_system_errno), or NULL if there was none.
static inline const char *megaphone_sqlite3_system_error(sqlite3 *database) {
    int number = sqlite3_system_errno(database);
    return number == 0 ? NULL : strerror(number);
}
