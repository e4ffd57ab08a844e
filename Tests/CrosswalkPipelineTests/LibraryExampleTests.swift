import Foundation
import TestSupport
import Testing

/// Examples are code: the README's program is compiled outside this package, against the library, and run.
@Suite struct LibraryExampleTests {
  static let expected = """
    4 records written
    Larkspur & Finch +1-617-5550142 230
    Café Zoë 🎉 - 0
    Kumo K.K. - 12

    """

  /// With the modules and objects of this build, so that it takes seconds.
  @Test func theProgramOfTheReadmeCompilesAndRuns() throws {
    let folder = try Folder()
    defer { folder.remove() }
    let (_, program) = try Self.blocks()
    try folder.write(program, to: "main.swift")
    let build = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    var objects: [String] = []
    for target in ["Model", "YAML", "Formats", "Files", "Mapping", "Explain", "Route", "Reference", "Pipeline", ""] {
      let built = build.appending(path: "Crosswalk\(target).build")
      // Objects of files that are no more may lie there.
      let sources = FileManager.default.enumerator(
        at: Repository.root.appending(path: "Sources/Crosswalk\(target)"), includingPropertiesForKeys: nil)
      let names = (sources?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "swift" }.map { $0.lastPathComponent + ".o" }
        + (target == "Mapping" ? ["EmbeddedMappings.swift.o"] : [])
      objects += names.map { built.appending(path: $0).path }
    }
    // Where the package's own C modules are, which the Swift ones name.
    let maps = [
      build.appending(path: "CSimd.build/module.modulemap"),
      Repository.root.appending(path: "Sources/CLibXML2/module.modulemap"),
      Repository.root.appending(path: "Sources/CLibYAML/module.modulemap"),
      Repository.root.appending(path: "Sources/CZlib/module.modulemap"),
      Repository.root.appending(path: "Sources/CZstd/module.modulemap"),
    ]
    let modules =
      ["-I", build.appending(path: "Modules").path, "-Xcc", "-I/usr/include/libxml2"]
      + maps.flatMap { ["-Xcc", "-fmodule-map-file=\($0.path)"] }
    let compile = try folder.run(
      ["swiftc", "-swift-version", "6", "-o", "example", "main.swift"] + modules + objects + ["-lxml2", "-lyaml", "-lz", "-lzstd"])
    try #require(compile.status == 0, "\(compile.output)")
    let result = try folder.run(["./example"])
    #expect(result.output == Self.expected)
    #expect(result.status == 0)
    #expect(FileManager.default.fileExists(atPath: folder.url.appending(path: "clients.xml").path))
  }

  /// As a reader does it, with a manifest of its own; builds the whole library once more.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["CROSSWALK_CORPORA"] == "1"))
  func thePackageOfTheReadmeBuildsAndRuns() throws {
    let folder = try Folder()
    defer { folder.remove() }
    let (manifest, program) = try Self.blocks()
    let lines = manifest.split(separator: "\n").map(String.init)
    let dependency = try #require(lines.first { $0.hasPrefix(".package") })
    let product = try #require(lines.first { $0.hasPrefix(".product") })
    try FileManager.default.createSymbolicLink(
      at: folder.url.appending(path: "crosswalk"), withDestinationURL: Repository.root)
    try folder.write(program, to: "example/Sources/example/main.swift")
    try folder.write(
      """
      // swift-tools-version: 6.1
      import PackageDescription

      let package = Package(
        name: "example", dependencies: [\(dependency)],
        targets: [.executableTarget(name: "example", dependencies: [\(product)])])

      """, to: "example/Package.swift")
    let built = try folder.run(["swift", "build", "--package-path", "example"])
    try #require(built.status == 0, "\(built.output)")
    let result = try folder.run(["example/.build/debug/example"])
    #expect(result.output == Self.expected)
    #expect(result.status == 0)
  }

  /// The two Swift blocks of the README: lines for a manifest, and a program.
  private static func blocks() throws -> (manifest: String, program: String) {
    let text = try String(contentsOf: Repository.root.appending(path: "README.md"), encoding: .utf8)
    let blocks = text.matches(of: /```swift\n((?:[^`]|`[^`])*?)```/).map { String($0.output.1) }
    try #require(blocks.count == 2)
    return (blocks[0], blocks[1])
  }

  private struct Folder {
    let url: URL

    init() throws {
      url = URL.temporaryDirectory.appending(path: "crosswalk-example-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        at: url.appending(path: "Samples"), withDestinationURL: Repository.root.appending(path: "Samples"))
    }

    func remove() { try? FileManager.default.removeItem(at: url) }

    func write(_ text: String, to path: String) throws {
      let file = url.appending(path: path)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }

    func run(_ command: [String]) throws -> (output: String, status: Int32) {
      let log = url.appending(path: "log")
      try Data().write(to: log)
      let output = try FileHandle(forWritingTo: log)
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = command
      process.currentDirectoryURL = url
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = output
      process.standardError = output
      try process.run()
      process.waitUntilExit()
      return (String(decoding: try Data(contentsOf: log), as: UTF8.self), process.terminationStatus)
    }
  }
}
