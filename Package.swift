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
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // What Debian gives: libxml2-dev, libyaml-dev, zlib1g-dev, libzstd-dev.
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
    .executableTarget(
      name: "CrosswalkCommand",
      dependencies: [
        "Crosswalk", "CrosswalkCheck", "CrosswalkWhy", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // `Mappings/` inside the binary: the plugin finds the files, the tool writes them as one Swift file.
    .executableTarget(name: "embed-mappings"),
    .plugin(
      name: "EmbedMappings", capability: .buildTool(), dependencies: ["embed-mappings"], path: "Sources/EmbedMappings"),

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
    .testTarget(name: "CommandTests", dependencies: ["CrosswalkCommand", "TestSupport"], exclude: ["Cases"]),
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
