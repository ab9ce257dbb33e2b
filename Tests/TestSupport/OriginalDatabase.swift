package import StoreAddress

/// A database as Mozilla's Megaphone 0.3 creates it: its table, and the record of its migration tool.
package enum OriginalDatabase {
    /// Creates the tables in an empty database.
    package static func make(at address: MySQLAddress, characterSet: String = "latin1") throws {
        try address.sql(
            "ALTER DATABASE \(address.database) CHARACTER SET \(characterSet)",
            """
            CREATE TABLE broadcastsv1 (
                broadcaster_id VARCHAR(64) NOT NULL, bchannel_id VARCHAR(128) NOT NULL,
                created TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL,
                last_updated TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP NOT NULL,
                version VARCHAR(200) NOT NULL,
                PRIMARY KEY(broadcaster_id, bchannel_id))
            """,
            """
            CREATE TABLE __diesel_schema_migrations (
                version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)
            """,
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('20180220220249')")
    }
}
