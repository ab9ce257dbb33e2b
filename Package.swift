// swift-tools-version: 6.2

import PackageDescription

/// The settings of all Swift targets, so that a rule applies to all of them or to none.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .treatWarning("DeprecatedDeclaration", as: .warning),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// What the build command says about the build, for `--version`, `/__version__` and the metrics.
let buildInformation: [CSetting] = ["MEGAPHONE_COMMIT", "MEGAPHONE_SOURCE"].map { name in
    .define(name, to: "\"\(Context.environment[name] ?? "")\"")
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

/// A Swift module: a library target that is visible in this package only.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of one or several modules.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "megaphone",
    products: [.executable(name: "megaphone", targets: ["megaphone"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .target(name: "CBuildInformation", cSettings: buildInformation),
        .target(name: "CLinux"),
        .systemLibrary(
            name: "CMySQLClient", pkgConfig: "mysqlclient",
            providers: [.apt(["default-libmysqlclient-dev"])]),
        .target(name: "CMySQL", dependencies: ["CMySQLClient"]),
        .systemLibrary(name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CCrypto", dependencies: ["CLibCrypto"]),
        .target(name: "CStatusPage", exclude: ["status.html"]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

        module("Bytes", []),
        module("Time", []),
        module("Randomness", []),
        module("Crypto", ["Bytes", "CCrypto"]),
        module("HTTP", ["Bytes", "Time", httpTypes]),
        module("HTTPWire", ["Bytes", "HTTP", "Time", httpTypes]),
        module("Threads", ["CLinux", "Time"]),
        module("EventLoop", ["Bytes", "CLinux", "Time"]),
        module("HTTPServer", ["Bytes", "EventLoop", "HTTP", "HTTPWire", "Threads", "Time", logging]),
        module("Access", ["Bytes", "Crypto", "Time"]),
        module("Broadcasts", ["Bytes", "Crypto", "Time"]),
        module("StatusPage", ["Bytes", "CStatusPage", "Crypto", "HTTP", httpTypes]),
        module("StoreAddress", ["Bytes"]),
        module("Telemetry", ["Bytes", "Threads", "Time", logging]),
        module(
            "API",
            [
                "Access", "Broadcasts", "Bytes", "HTTP", "Randomness", "StatusPage", "Telemetry", "Time",
                httpTypes, logging,
            ]),
        module("BlockingWork", ["Broadcasts", "Threads", "Time"]),
        module("SQLiteStore", ["BlockingWork", "Broadcasts", "CSQLite", "Randomness", "Time", logging]),
        module(
            "MySQLStore",
            [
                "BlockingWork", "Broadcasts", "CMySQL", "Randomness", "StoreAddress", "Threads", "Time",
                logging,
            ]),
        module("TOML", ["Bytes"]),
        module("Settings", ["Access", "Broadcasts", "Bytes", "StoreAddress", "TOML", "Time"]),
        .executableTarget(
            name: "megaphone",
            dependencies: [
                "API", "Access", "BlockingWork", "Broadcasts", "Bytes", "CBuildInformation", "EventLoop",
                "HTTP", "HTTPServer", "MySQLStore", "Randomness", "SQLiteStore", "Settings", "StoreAddress",
                "Telemetry", "Threads",
                "Time", argumentParser, logging,
            ],
            swiftSettings: settings),

        .target(
            name: "TestSupport",
            dependencies: [
                "BlockingWork", "Broadcasts", "Bytes", "CMySQL", "EventLoop", "HTTP", "HTTPWire",
                "MySQLStore",
                "Randomness", "SQLiteStore", "StoreAddress", "Threads", "Time", logging,
            ],
            path: "Tests/TestSupport",
            swiftSettings: settings),
        tests(
            "APITests",
            [
                "API", "Access", "Broadcasts", "Bytes", "EventLoop", "HTTP", "HTTPServer", "HTTPWire",
                "Randomness",
                "Telemetry", "TestSupport", "Time", httpTypes, logging,
            ]),
        tests("AccessTests", ["Access", "Time"]),
        tests("BlockingWorkTests", ["BlockingWork", "TestSupport", "Threads", "Time"]),
        tests("BroadcastsTests", ["Broadcasts", "Randomness", "TestSupport", "Time"]),
        tests("BytesTests", ["Bytes", "TestSupport"]),
        tests("CryptoTests", ["Crypto"]),
        tests("EventLoopTests", ["Bytes", "CLinux", "EventLoop", "TestSupport", "Threads", "Time"]),
        tests(
            "HTTPServerTests",
            [
                "Bytes", "EventLoop", "HTTP", "HTTPServer", "HTTPWire", "TestSupport", "Threads", "Time",
                httpTypes,
                logging,
            ]),
        tests("HTTPTests", ["Bytes", "HTTP", "Time", httpTypes]),
        tests("HTTPWireTests", ["Bytes", "HTTP", "HTTPWire", "TestSupport", "Time", httpTypes]),
        tests(
            "MySQLStoreTests",
            [
                "BlockingWork", "Broadcasts", "MySQLStore", "Randomness", "StoreAddress", "TestSupport",
                "Time",
            ]),
        tests(
            "SQLiteStoreTests",
            ["BlockingWork", "Broadcasts", "CSQLite", "SQLiteStore", "TestSupport", "Time"]),
        tests("ServiceTests", ["Bytes", "EventLoop", "TestSupport", "Threads", "Time", "megaphone"]),
        tests("SettingsTests", ["Access", "Broadcasts", "Settings", "StoreAddress", "TestSupport", "Time"]),
        tests("RandomnessTests", ["Randomness", "TestSupport"]),
        tests("StoreAddressTests", ["StoreAddress"]),
        tests("StoreTests", ["Broadcasts", "SQLiteStore", "TestSupport", "Time"]),
        tests("TOMLTests", ["TOML"]),
        tests("TelemetryTests", ["Bytes", "Telemetry", "TestSupport", "Time", logging]),
        tests("TestSupportTests", ["TestSupport"]),
        tests("ThreadsTests", ["TestSupport", "Threads", "Time"]),
        tests("TimeTests", ["TestSupport", "Time"]),
        tests(
            "RepositoryTests",
            [
                "API", "Access", "Broadcasts", "Bytes", "EventLoop", "HTTPServer", "HTTPWire", "Settings",
                "StoreAddress", "TestSupport", "Time", httpTypes,
            ]),
    ]
)
