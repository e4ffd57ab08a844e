import Foundation
import TestSupport
import Testing

/// What the repository promises about itself, held by looking at its files.
@Suite struct HouseRulesTests {
  /// Modules of this package (and libraries) that the files of a target may import: DESIGN section 4, as arrows point down.
  static let imports: [String: Set<String>] = [
    "Crosswalk": [
      "CrosswalkExplain", "CrosswalkFormats", "CrosswalkMapping", "CrosswalkModel", "CrosswalkPipeline", "CrosswalkRoute",
      "CrosswalkFiles",
    ],
    "CrosswalkCheck": ["CrosswalkFormats", "CrosswalkMapping", "CrosswalkModel", "CrosswalkRoute", "CrosswalkYAML"],
    "CrosswalkCommand": ["ArgumentParser", "Crosswalk", "CrosswalkCheck", "CrosswalkTerminal", "CrosswalkWhy"],
    "CrosswalkExplain": ["CrosswalkMapping", "CrosswalkModel", "CrosswalkYAML"],
    "CrosswalkFormats": ["CLibXML2", "CSimd", "CrosswalkModel"],
    "CrosswalkLive": ["ArgumentParser", "Crosswalk", "CrosswalkSandbox", "CrosswalkTerminal"],
    "CrosswalkMapping": ["CrosswalkModel", "CrosswalkYAML"],
    "CrosswalkModel": [],
    "CrosswalkPipeline": [
      "CrosswalkExplain", "CrosswalkFiles", "CrosswalkFormats", "CrosswalkMapping", "CrosswalkModel", "CrosswalkReference",
      "CrosswalkRoute",
    ],
    "CrosswalkRoute": ["CrosswalkFormats", "CrosswalkMapping", "CrosswalkModel", "CrosswalkYAML"],
    "CrosswalkReference": ["CrosswalkFormats", "CrosswalkModel", "CrosswalkYAML"],
    "CrosswalkFiles": ["CZlib", "CZstd", "CrosswalkModel"],
    "CrosswalkSandbox": [
      "CrosswalkFiles", "CrosswalkFormats", "CrosswalkMapping", "CrosswalkModel", "CrosswalkRoute", "CrosswalkYAML", "GRDB",
      "GRDBSQLite", "HummingbirdCore", "Logging", "NIOCore", "NIOHTTP1", "NIOPosix", "ServiceLifecycle",
    ],
    "CrosswalkTerminal": ["ArgumentParser", "Crosswalk"],
    "CrosswalkWhy": [
      "CrosswalkExplain", "CrosswalkFiles", "CrosswalkFormats", "CrosswalkMapping", "CrosswalkModel", "CrosswalkPipeline",
      "CrosswalkRoute",
    ],
    "CrosswalkYAML": ["CLibYAML", "CrosswalkModel"],
    "embed-mappings": [],
  ]

  /// The build-tool plugin runs in the build, not in the product.
  static let foldersOfTheBuild: Set<String> = ["EmbedMappings"]

  @Test func eachTargetImportsOnlyWhatTheDesignAllows() throws {
    for file in try TrackedFile.all(under: "Sources", ending: ".swift") {
      let target = file.path.split(separator: "/")[1].description
      if Self.foldersOfTheBuild.contains(target) { continue }
      let allowed = try #require(Self.imports[target], "\(target) is missing in the table of imports")
      for module in file.imports where !["Glibc", "Synchronization"].contains(module) && !allowed.contains(module) {
        let mayUseEssentials = !["CrosswalkModel", "CrosswalkFormats", "embed-mappings"].contains(target)
        if module == "FoundationEssentials", mayUseEssentials { continue }
        Issue.record("\(file.path) imports \(module)")
      }
    }
  }

  @Test func thePackageDeclaresTheSameTable() throws {
    let package = try TrackedFile(path: "Package.swift").text
    for (target, modules) in Self.imports {
      let declaration = try #require(
        package.firstMatch(of: try Regex(#"arget\(\s*name: "\#(target)"([^\[\]()]*?dependencies: \[([^\]]*)\])?"#)))
      let dependencies = String(declaration.output[2].substring ?? "").replacing(/package: "[^"]*"/, with: "")
      let names = dependencies.matches(of: /"([A-Za-z0-9]+)"/).map { String($0.output.1) }
      #expect(Set(names) == modules, "\(target)")
    }
  }

  @Test func noVendorIsNamedInSources() throws {
    let systems = Set(
      try TrackedFile.paths(under: "Mappings").compactMap { path -> String? in
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : nil
      }
    ).subtracting(["canonical", "tables"])
    #expect(!systems.isEmpty)
    for system in systems {
      let spelling = try Regex(system.replacing("-", with: "[-_ ]?")).ignoresCase()
      for file in try TrackedFile.all(under: "Sources") {
        #expect(file.path.firstMatch(of: spelling) == nil)
        for (number, line) in file.lines where line.firstMatch(of: spelling) != nil {
          Issue.record("\(file.path):\(number) names a system: \(line)")
        }
      }
    }
  }

  @Test func theTopLevelHoldsTheAgreedTree() throws {
    let agreed: Set<String> = ["LICENSE", "Mappings", "Package.swift", "README.md", "Samples", "Sources", "Tests"]
    let found = Set(try TrackedFile.paths().map { String($0.split(separator: "/")[0]) })
    #expect(found.filter { !$0.hasPrefix(".") }.subtracting(agreed) == [])
    #expect(agreed.subtracting(found) == [])
    #expect(!found.contains("Package.resolved") && !found.contains { $0.hasPrefix(".build") })
  }

  @Test func sourcesNeitherForceNorReachForFoundationsParsers() throws {
    let forbidden = /\btry!|\bas!|\bURLSession\b|\bJSONSerialization\b|\bFoundationXML\b/
    for file in try TrackedFile.all(under: "Sources", ending: ".swift") {
      for (number, line) in file.lines {
        let code = line.prefix(upTo: line.firstRange(of: "//")?.lowerBound ?? line.endIndex)
        if code.firstMatch(of: forbidden) != nil { Issue.record("\(file.path):\(number): \(line)") }
      }
    }
  }

  @Test func everyCodeHasOnePageAndEveryPageOneCode() throws {
    let table = try TrackedFile(path: "Sources/CrosswalkModel/Code.swift").text
    let defined = table.matches(of: /static let (\w+) = Code\("([A-Z]\d{4})"\)/).map {
      (String($0.output.1), String($0.output.2))
    }
    let pages = table.matches(of: /\n    \(\.(\w+), "([^"]+)", "([^"]+)/).map {
      (name: String($0.output.1), title: String($0.output.2))
    }
    #expect(defined.count > 10)
    for (name, group) in Dictionary(grouping: defined, by: \.0) where group.count > 1 {
      Issue.record("`\(name)` is defined twice")
    }
    for (code, group) in Dictionary(grouping: defined, by: \.1) where group.count > 1 {
      Issue.record("\(code) has two names")
    }
    for (name, group) in Dictionary(grouping: pages, by: \.name) where group.count > 1 {
      Issue.record("`\(name)` has two pages")
    }
    #expect(Set(defined.map(\.0)).subtracting(pages.map(\.name)) == [], "codes without a page")
    #expect(Set(pages.map(\.name)).subtracting(defined.map(\.0)) == [], "pages without a code")
    for (title, group) in Dictionary(grouping: pages, by: \.title) where group.count > 1 {
      Issue.record("two pages are called \"\(title)\"")
    }
    for (_, code) in defined where !"UMFVI".contains(code.prefix(1)) { Issue.record("\(code) is of no family") }
    for file in try TrackedFile.all(under: "Sources", ending: ".swift") where !file.path.hasSuffix("/Code.swift") {
      if file.text.contains("Code(\"") { Issue.record("\(file.path) makes a code of its own") }
    }
  }

  /// A path of somebody's machine is wrong on every other one. Tests may name the system's folder for temporary files.
  @Test func noFileNamesAPathOfAMachine() throws {
    let folders = ["work", "home", "root", "Users", "tmp"].joined(separator: "|")
    let path = try Regex(#"(^|[\s"'`=(:<>])/(\#(folders))(/|\b)"#)
    let temporary = try Regex(#"/tm[p]\b"#)
    for file in try TrackedFile.all() {
      for (number, line) in file.lines {
        guard let match = line.firstMatch(of: path) else { continue }
        if file.path.hasPrefix("Tests/"), line[match.range].firstMatch(of: temporary) != nil { continue }
        Issue.record("\(file.path):\(number): \(line)")
      }
    }
  }
}

/// A file that git knows, read as text (binary files are left out of `all`).
struct TrackedFile {
  var path: String
  var text: String

  init(path: String) throws {
    self.path = path
    text = try String(contentsOf: Repository.root.appending(path: path), encoding: .utf8)
  }

  var lines: [(number: Int, text: Substring)] {
    text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { ($0.offset + 1, $0.element) }
  }

  var imports: [String] {
    text.matches(
      of:
        /(?m)^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?import\s+(?:(?:struct|class|enum|func|var|let|protocol|typealias)\s+)?(\w+)/
    )
    .map { String($0.output.1) }
  }

  /// What is tracked, or would be when everything were added.
  static func paths(under folder: String = "") throws -> [String] {
    let git = Process()
    git.executableURL = URL(filePath: "/usr/bin/env")
    git.arguments = ["git", "-C", Repository.root.path, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    let output = Pipe()
    git.standardOutput = output
    try git.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    git.waitUntilExit()
    try #require(git.terminationStatus == 0, "git ls-files failed: these tests need a clone")
    return String(decoding: bytes, as: UTF8.self).split(separator: "\0").map(String.init)
      .filter { folder.isEmpty || $0.hasPrefix(folder + "/") }
      .filter { FileManager.default.fileExists(atPath: Repository.root.appending(path: $0).path) }
  }

  static func all(under folder: String = "", ending: String = "") throws -> [TrackedFile] {
    try paths(under: folder).filter { $0.hasSuffix(ending) }.compactMap { try? TrackedFile(path: $0) }
  }
}
