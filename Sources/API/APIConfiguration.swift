package import Access
import Bytes

extension API {
    /// What the operator chooses (config.example.toml), and what the program knows of itself.
    package struct Configuration: Sendable {
        /// The setting `environment`: the realm of 401 answers.
        package var realm: String
        /// How long the answer to a PUT may take once its body is complete.
        package var writeDeadline: Duration
        package var access: AccessTable
        /// The setting `max_channels`: a new channel beyond it is refused.
        package var maximumChannels: Int
        package var build: Build
        /// The bytes of `version_file` as it is on disk now, or nil when there is no such file.
        package var versionFile: @Sendable () async throws(VersionFileError) -> [UInt8]? = { nil }

        package init(
            realm: String, writeDeadline: Duration, access: AccessTable, maximumChannels: Int, build: Build
        ) {
            self.maximumChannels = maximumChannels
            self.realm = realm
            self.writeDeadline = writeDeadline
            self.access = access
            self.build = build
        }
    }

    /// Where the binary comes from, with the keys of Dockerflow's `version.json`.
    package struct Build: Hashable, Sendable {
        package var source: String
        package var version: String
        package var commit: String
        package var build: String

        package init(source: String, version: String, commit: String, build: String) {
            self.source = source
            self.version = version
            self.commit = commit
            self.build = build
        }

        var json: [UInt8] {
            var json: [UInt8] = []
            for (key, value) in [
                ("source", source), ("version", version), ("commit", commit), ("build", build),
            ] {
                json.append(json.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
                json.appendJSONString(key)
                json.append(UInt8(ascii: ":"))
                json.appendJSONString(value)
            }
            json.append(UInt8(ascii: "}"))
            return json
        }
    }

    /// There is a version file, but it cannot be read.
    package struct VersionFileError: Error, Hashable, Sendable {
        /// For the log.
        package let reason: String

        package init(reason: String) {
            self.reason = reason
        }
    }
}
