// swift-tools-version: 6.1
// The targets and what each may import: the design's picture, as a table. `Tests/HouseRules` holds the imports to it.
//
// Of the targets that can be compiled next the build takes the one whose name comes last in the alphabet. The names are such that
// what others wait for goes first (Formats before Files, Route before Reference): two cores have work until the end.
import PackageDescription

let package = Package(
  name: "Crosswalk",
  products: [
    .library(name: "Crosswalk", targets: ["Crosswalk"]),
    .executable(name: "crosswalk", targets: ["CrosswalkCommand"]),
    .executable(name: "crosswalk-live", targets: ["CrosswalkLive"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    // Only what `crosswalk-live` links: `swift build --product crosswalk` fetches these and compiles none of them.
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // What Debian gives: libxml2-dev, libyaml-dev, zlib1g-dev, libzstd-dev (and libsqlite3-dev for GRDB).
    .systemLibrary(name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .target(name: "CSimd"),

    .target(name: "CrosswalkModel"),
    .target(name: "CrosswalkYAML", dependencies: ["CrosswalkModel", "CLibYAML"]),
    .target(name: "CrosswalkFormats", dependencies: ["CrosswalkModel", "CSimd", "CLibXML2"]),
    .target(name: "CrosswalkFiles", dependencies: ["CrosswalkModel", "CZlib", "CZstd"]),
    .target(name: "CrosswalkMapping", dependencies: ["CrosswalkModel", "CrosswalkYAML"], plugins: ["EmbedMappings"]),
    // Apart from the plan: a run is held to the prediction, which must not be made of what it judges.
    .target(name: "CrosswalkExplain", dependencies: ["CrosswalkModel", "CrosswalkYAML", "CrosswalkMapping"]),
    .target(
      name: "CrosswalkRoute", dependencies: ["CrosswalkFormats", "CrosswalkModel", "CrosswalkYAML", "CrosswalkMapping"]),
    // Beside the pipeline, not behind it: records in memory need neither files nor batches.
    .target(
      name: "CrosswalkCheck",
      dependencies: ["CrosswalkRoute", "CrosswalkFormats", "CrosswalkModel", "CrosswalkYAML", "CrosswalkMapping"]),
    .target(name: "CrosswalkReference", dependencies: ["CrosswalkModel", "CrosswalkYAML", "CrosswalkFormats"]),
    .target(
      name: "CrosswalkPipeline",
      dependencies: [
        "CrosswalkRoute", "CrosswalkReference", "CrosswalkFormats", "CrosswalkModel", "CrosswalkFiles", "CrosswalkMapping",
        "CrosswalkExplain",
      ],
      exclude: ["report.schema.json"]),
    .target(
      name: "Crosswalk",
      dependencies: [
        "CrosswalkPipeline", "CrosswalkRoute", "CrosswalkFormats", "CrosswalkModel", "CrosswalkFiles", "CrosswalkMapping",
        "CrosswalkExplain",
      ]),
    .target(
      name: "CrosswalkWhy",
      dependencies: [
        "CrosswalkPipeline", "CrosswalkRoute", "CrosswalkFormats", "CrosswalkModel", "CrosswalkFiles", "CrosswalkMapping",
        "CrosswalkExplain",
      ]),
    // What the commands of both programs share.
    .target(
      name: "CrosswalkTerminal",
      dependencies: ["Crosswalk", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
    .executableTarget(
      name: "CrosswalkCommand",
      dependencies: [
        "Crosswalk", "CrosswalkCheck", "CrosswalkTerminal", "CrosswalkWhy",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    .target(
      name: "CrosswalkSandbox",
      dependencies: [
        "CrosswalkRoute", "CrosswalkFormats", "CrosswalkModel", "CrosswalkYAML", "CrosswalkFiles", "CrosswalkMapping",
        .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
        .product(name: "HummingbirdCore", package: "hummingbird"), .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]),
    .executableTarget(
      name: "CrosswalkLive",
      dependencies: [
        "Crosswalk", "CrosswalkSandbox", "CrosswalkTerminal", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // `Mappings/` inside the binary: the plugin finds the files, the tool writes them as one Swift file.
    .executableTarget(name: "embed-mappings"),
    .plugin(
      name: "EmbedMappings", capability: .buildTool(), dependencies: ["embed-mappings"], path: "Sources/EmbedMappings"),

    // What the sandbox's rates are held to: `.ci/sandbox`.
    .executableTarget(
      name: "sandbox-rate",
      dependencies: [
        "CrosswalkModel", "CrosswalkSandbox", .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "NIOPosix", package: "swift-nio"), .product(name: "Logging", package: "swift-log"),
      ], path: "Tests/Benchmarks/SandboxRate"),

    .target(name: "TestSupport", dependencies: ["CrosswalkModel"], path: "Tests/TestSupport"),
    .testTarget(name: "CrosswalkModelTests", dependencies: ["CrosswalkModel", "TestSupport"]),
    .testTarget(name: "CrosswalkYAMLTests", dependencies: ["CrosswalkYAML", "TestSupport"]),
    .testTarget(name: "CrosswalkFormatsTests", dependencies: ["CrosswalkFormats", "TestSupport"]),
    .testTarget(
      name: "CrosswalkMappingTests",
      dependencies: ["CrosswalkMapping", "CrosswalkRoute", "CrosswalkReference", "TestSupport"], exclude: ["Blocks"]),
    .testTarget(
      name: "CrosswalkPipelineTests", dependencies: ["Crosswalk", "CrosswalkReference", "CrosswalkWhy", "TestSupport"],
      exclude: ["Goldens"]),
    .testTarget(
      name: "CrosswalkCheckTests",
      dependencies: ["CrosswalkCheck", "CrosswalkMapping", "CrosswalkModel", "CrosswalkRoute", "CrosswalkYAML", "TestSupport"]),
    .testTarget(
      name: "CrosswalkSandboxTests",
      dependencies: [
        "CrosswalkFormats", "CrosswalkMapping", "CrosswalkModel", "CrosswalkRoute", "CrosswalkSandbox", "CrosswalkYAML",
        "TestSupport",
      ], exclude: ["Conformance", "Systems", "Transcripts"]),
    .testTarget(name: "CommandTests", dependencies: ["CrosswalkCommand", "CrosswalkTerminal", "TestSupport"], exclude: ["Cases"]),
    .testTarget(name: "Fuzz", dependencies: ["Crosswalk", "TestSupport"], path: "Tests/Fuzz"),
    .testTarget(name: "HouseRules", dependencies: ["TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)

for target in package.targets where ![.system, .plugin].contains(target.type) {
  target.swiftSettings = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ]
}
