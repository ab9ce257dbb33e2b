package import Access
package import Broadcasts
import Bytes

extension API {
    /// The settings of the API (config.example.toml), and the build information of the binary.
    package struct Configuration: Sendable {
        /// The setting `environment`: the realm of 401 responses.
        package var realm: String
        /// The setting `write_deadline`: maximum time from the end of a PUT's body to its response.
        package var writeDeadline: Duration
        package var rules: Rules
        /// The setting `max_connections`, which bounds the requests that are held.
        package var maximumConnections: Int
        package var build: Build
        /// Returns the bytes of the file `version_file`, or nil if there is no such file.
        package var versionFile: @Sendable () async throws(VersionFileError) -> [UInt8]? = { nil }

        package init(
            realm: String, writeDeadline: Duration, rules: Rules, maximumConnections: Int, build: Build
        ) {
            self.realm = realm
            self.writeDeadline = writeDeadline
            self.rules = rules
            self.maximumConnections = maximumConnections
            self.build = build
        }
    }

    /// The settings that SIGHUP applies. A class: each request copies one reference.
    package final class Rules: Sendable {
        package let access: AccessTable
        /// The tokens whose end is logged.
        let expiries: TokenExpiries
        package let writes: Writes
        package let live: Live
        /// The setting `status_page`.
        let showsStatusPage: Bool

        package init(access: AccessTable, writes: Writes, live: Live, showsStatusPage: Bool) {
            self.showsStatusPage = showsStatusPage
            self.access = access
            expiries = TokenExpiries(access)
            self.writes = writes
            self.live = live
        }
    }

    /// The settings of PUT and DELETE (config.example.toml).
    package struct Writes: Sendable {
        /// The setting `max_channels`: a new channel beyond it is rejected.
        package var maximumChannels: Int
        /// Number of history entries to keep for each channel. Zero: changes are not recorded.
        package var historyLimit: Int
        /// Channels in which a smaller number does not replace a larger one.
        package var monotonicChannels: Set<ChannelName>
        /// Minimum time between two announcements of a channel.
        package var holdBack: HoldBack

        package init(
            maximumChannels: Int, historyLimit: Int, monotonicChannels: Set<ChannelName>, holdBack: HoldBack
        ) {
            self.holdBack = holdBack
            self.maximumChannels = maximumChannels
            self.historyLimit = historyLimit
            self.monotonicChannels = monotonicChannels
        }
    }

    /// The settings of requests that wait for a change or follow changes (config.example.toml).
    package struct Live: Sendable {
        /// Maximum number of held requests of this node. Zero: no waiting and no streams.
        package var maximumListeners: Int
        /// The longest wait.
        package var maximumWait: Duration
        /// After this long without another event, a stream gets a keep-alive.
        package var keepAlive: Duration
        /// The longest life of a stream.
        package var maximumAge: Duration
        /// Origins whose pages may read, `*` for all.
        package var origins: [String]

        package init(
            maximumListeners: Int, maximumWait: Duration, keepAlive: Duration, maximumAge: Duration,
            origins: [String]
        ) {
            self.maximumListeners = maximumListeners
            self.maximumWait = maximumWait
            self.keepAlive = keepAlive
            self.maximumAge = maximumAge
            self.origins = origins
        }
    }

    /// The origin of the binary, with the keys of Dockerflow's `version.json`.
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

    /// The version file exists but cannot be read.
    package struct VersionFileError: Error, Hashable, Sendable {
        /// For the log.
        package let reason: String

        package init(reason: String) {
            self.reason = reason
        }
    }
}
