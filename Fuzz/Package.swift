// swift-tools-version: 6.2

import PackageDescription

// A separate package, because everything in it is built for the fuzzer, with coverage and AddressSanitizer.
// `Modules` links to the sources of the service.

let rules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .unsafeFlags(["-sanitize=fuzzer,address", "-enable-testing"]),
]

let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

/// A module of the service, built for the fuzzer.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Modules/\(name)", swiftSettings: rules)
}

/// A fuzzer: a program that passes its check to `fuzz`. Its seeds are in `Seeds/` under the same name.
func fuzzer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: ["FuzzSupport"] + dependencies,
        swiftSettings: rules,
        linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])])
}

let package = Package(
    name: "fuzz",
    dependencies: [
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .target(name: "CLinux", path: "Modules/CLinux"),
        .systemLibrary(name: "CLibCrypto", path: "Modules/CLibCrypto", pkgConfig: "libcrypto"),
        .target(name: "CCrypto", dependencies: ["CLibCrypto"], path: "Modules/CCrypto"),
        .target(name: "CStatusPage", path: "Modules/CStatusPage", exclude: ["status.html"]),
        module("Access", ["Bytes", "Crypto", "Time"]),
        module(
            "API",
            [
                "Access", "Broadcasts", "Bytes", "HTTP", "Randomness", "StatusPage", "Telemetry", "Time",
                httpTypes, logging,
            ]),
        module("Broadcasts", ["Bytes", "Crypto", "Time"]),
        module("Bytes", []),
        module("Crypto", ["Bytes", "CCrypto"]),
        module("HTTP", ["Bytes", "Time", httpTypes]),
        module("HTTPWire", ["Bytes", "HTTP", "Time", httpTypes]),
        module("Randomness", []),
        module("Settings", ["Access", "Broadcasts", "Bytes", "StoreAddress", "TOML", "Time"]),
        module("StatusPage", ["Bytes", "CStatusPage", "Crypto", "HTTP", httpTypes]),
        module("StoreAddress", ["Bytes"]),
        module("TOML", ["Bytes"]),
        module("Telemetry", ["Bytes", "Threads", "Time", logging]),
        module("Threads", ["CLinux", "Time"]),
        module("Time", []),
        .target(name: "CFuzzer"),
        .target(
            name: "FuzzSupport", dependencies: ["Bytes", "CFuzzer", "HTTP", "HTTPWire", "Time"],
            swiftSettings: rules),
        fuzzer("FuzzHead", ["Bytes", "HTTP", "HTTPWire"]),
        fuzzer("FuzzChunked", ["HTTP", "HTTPWire"]),
        fuzzer("FuzzConversation", ["Bytes", "HTTP", "HTTPWire", "Time", httpTypes]),
        fuzzer("FuzzPreferences", ["Bytes", "HTTP", "Time", httpTypes]),
        fuzzer("FuzzPreconditions", ["API", "Broadcasts", "Bytes", "HTTP", "Time", httpTypes]),
        fuzzer("FuzzSettings", ["Access", "Broadcasts", "Settings", "StoreAddress", "TOML"]),
        fuzzer("FuzzJSON", ["Broadcasts", "Bytes", "Telemetry", "Time"]),
        fuzzer("FuzzCanary", ["HTTP", "HTTPWire"]),
    ]
)
