// swift-tools-version: 6.2

import PackageDescription

/// One settings array for every target of ours, so that a rule is either kept everywhere or nowhere.
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

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

/// A Swift module: a library target that only this package can see.
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
        .target(name: "CLinux"),
        .systemLibrary(
            name: "CMySQLClient", pkgConfig: "mysqlclient",
            providers: [.apt(["default-libmysqlclient-dev"])]),
        .target(name: "CMySQL", dependencies: ["CMySQLClient"]),
        .systemLibrary(name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CCrypto", dependencies: ["CLibCrypto"]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

        module("Time", []),
        module("Crypto", ["CCrypto"]),
        module("Broadcasts", ["Crypto", "Time"]),
        module("HTTPWire", ["Time", httpTypes]),
        module("Threads", ["CLinux", "Time"]),
        module("EventLoop", ["CLinux", "Time"]),
        module("Telemetry", ["Threads", "Time", logging]),
        module("BlockingWork", ["Broadcasts", "CLinux", "Threads", "Time"]),
        module("HTTPServer", ["EventLoop", "HTTPWire", "Threads", "Time", logging]),
        module("API", ["HTTPWire", "Broadcasts", "Telemetry", "Time", httpTypes, logging]),
        module("SQLiteStore", ["Broadcasts", "BlockingWork", "CSQLite", "Time", logging]),
        module("MySQLStore", ["Broadcasts", "BlockingWork", "CMySQL", "Threads", "Time", logging]),
        module("Settings", ["Broadcasts"]),
        .executableTarget(
            name: "megaphone",
            dependencies: [
                "API", "BlockingWork", "Broadcasts", "EventLoop", "HTTPServer", "HTTPWire", "MySQLStore",
                "SQLiteStore", "Settings", "Telemetry", "Threads", "Time", argumentParser, logging,
            ],
            swiftSettings: settings),

        .target(
            name: "TestSupport", dependencies: ["EventLoop", "Time"], path: "Tests/TestSupport",
            swiftSettings: settings),
        tests(
            "APITests",
            [
                "API", "Broadcasts", "EventLoop", "HTTPServer", "HTTPWire", "Telemetry", "TestSupport",
                "Time", httpTypes, logging,
            ]),
        tests("BroadcastsTests", ["Broadcasts", "Time"]),
        tests("EventLoopTests", ["EventLoop", "CLinux", "Threads", "Time"]),
        tests(
            "HTTPServerTests",
            ["HTTPServer", "EventLoop", "HTTPWire", "TestSupport", "Threads", "Time", httpTypes, logging]),
        tests("HTTPWireTests", ["HTTPWire", "Time", httpTypes]),
        tests("ServiceTests", ["EventLoop", "TestSupport", "Threads", "Time", "megaphone"]),
        tests("SettingsTests", ["Settings", "Broadcasts"]),
        tests(
            "StoreTests",
            [
                "Broadcasts", "BlockingWork", "CMySQL", "CSQLite", "MySQLStore", "SQLiteStore", "TestSupport",
                "Threads", "Time", logging,
            ]),
        tests("TelemetryTests", ["Telemetry", "TestSupport", "Time", logging]),
        tests("TimeTests", ["Time"]),
        tests(
            "RepositoryTests",
            [
                "API", "Broadcasts", "EventLoop", "HTTPServer", "HTTPWire", "Settings", "TestSupport",
                httpTypes,
            ]),
    ]
)
