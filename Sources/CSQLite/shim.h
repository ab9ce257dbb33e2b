#include <pwd.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

// Functions for what Swift cannot import or call well: SQLITE_TRANSIENT is a cast inside a macro,
// sqlite3_file_control takes untyped pointers, and sqlite3_db_config takes variable arguments. The rest asks the
// system about the files of a database.

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

/// Closes the connection later without a checkpoint: its WAL is not the file at the path.
static inline void megaphone_sqlite3_skip_final_checkpoint(sqlite3 *database) {
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

/// What the system knows of a file. `exists` is 0 if it cannot be found.
struct megaphone_file {
    int exists;
    int is_writable;
    unsigned int owner;
    unsigned long long device;
    unsigned long long inode;
};

/// Returns what the system knows of a file; follows symbolic links.
static inline struct megaphone_file megaphone_inspect_file(const char *path) {
    struct megaphone_file file = {0, 0, 0, 0, 0};
    struct stat status;
    if (stat(path, &status) != 0) return file;
    file.exists = 1;
    file.is_writable = access(path, W_OK) == 0;
    file.owner = status.st_uid;
    file.device = (unsigned long long)status.st_dev;
    file.inode = (unsigned long long)status.st_ino;
    return file;
}

/// Returns the magic number of the file system (statfs(2)), or 0.
static inline unsigned long long megaphone_file_system(const char *path) {
    struct statfs status;
    if (statfs(path, &status) != 0) return 0;
    return (unsigned long long)status.f_type & 0xFFFFFFFFull;
}

/// Writes the name of a user, or their number, and a terminating NUL.
static inline void megaphone_user_name(unsigned int user, char *name, size_t size) {
    char buffer[1024];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(user, &entry, buffer, sizeof buffer, &found) == 0 && found != NULL) {
        snprintf(name, size, "%s (%u)", found->pw_name, user);
    } else {
        snprintf(name, size, "user %u", user);
    }
}

/// Returns the effective user of this process.
static inline unsigned int megaphone_current_user(void) {
    return geteuid();
}
