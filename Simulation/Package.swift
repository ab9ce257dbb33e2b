// swift-tools-version: 6.2

import PackageDescription

// A separate package, because it is built with optimization and with access to internal declarations. `Modules`
// links to the sources of the service.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .unsafeFlags(["-enable-testing"]),
]

let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

/// A module of the service.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Modules/\(name)", swiftSettings: settings)
}

let package = Package(
    name: "simulation",
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
        module("EventLoop", ["Bytes", "CLinux", "Time"]),
        module("HTTP", ["Bytes", "Time", httpTypes]),
        module("HTTPServer", ["Bytes", "EventLoop", "HTTP", "HTTPWire", "Threads", "Time", logging]),
        module("HTTPWire", ["Bytes", "HTTP", "Time", httpTypes]),
        module("Randomness", []),
        module("StatusPage", ["Bytes", "CStatusPage", "Crypto", "HTTP", httpTypes]),
        module("Telemetry", ["Bytes", "Threads", "Time", logging]),
        module("Threads", ["CLinux", "Time"]),
        module("Time", []),
        .target(
            name: "Simulator",
            dependencies: [
                "Access", "API", "Broadcasts", "Bytes", "EventLoop", "HTTP", "HTTPServer", "Randomness",
                "Telemetry", "Time", logging,
            ],
            swiftSettings: settings),
        .executableTarget(name: "simulate", dependencies: ["Simulator"], swiftSettings: settings),
    ]
)
