// swift-tools-version: 6.2

import PackageDescription

// A package of its own, because everything in it is built for the fuzzer, with coverage and address checks in
// our code. `Rooms` leads to the sources of the service.

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

/// A room of the service, built for the fuzzer.
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Rooms/\(name)", swiftSettings: rules)
}

/// One fuzzer: a program that hands its check to `fuzz`. Its seeds are in `Seeds/` under the same name.
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
        .systemLibrary(name: "CLibCrypto", path: "Rooms/CLibCrypto", pkgConfig: "libcrypto"),
        .target(name: "CCrypto", dependencies: ["CLibCrypto"], path: "Rooms/CCrypto"),
        room("Crypto", ["CCrypto"]),
        .target(name: "CLinux", path: "Rooms/CLinux"),
        room("Broadcasts", ["Crypto", "Time"]),
        room("HTTPWire", ["Time", httpTypes]),
        room("Settings", ["Broadcasts"]),
        room("Telemetry", ["Threads", "Time", logging]),
        room("Threads", ["CLinux", "Time"]),
        room("Time", []),
        .target(name: "CFuzzer"),
        .target(name: "FuzzSupport", dependencies: ["CFuzzer"], swiftSettings: rules),
        fuzzer("FuzzHead", ["HTTPWire"]),
        fuzzer("FuzzChunked", ["HTTPWire"]),
        fuzzer("FuzzConversation", ["HTTPWire", "Time", httpTypes]),
        fuzzer("FuzzSettings", ["Broadcasts", "Settings"]),
        fuzzer("FuzzJSON", ["Broadcasts", "Telemetry"]),
        fuzzer("FuzzCanary", ["HTTPWire"]),
    ]
)
