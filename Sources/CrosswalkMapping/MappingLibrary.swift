package import CrosswalkModel
package import CrosswalkYAML

/// Where systems are found: those inside the program, and folders that add systems or replace them by name. Nothing is
/// parsed before it is asked for.
package struct MappingLibrary: Sendable {
  /// Later ones win.
  private let folders: [MappingFolder]
  /// In alphabetical order.
  package let names: [String]

  /// - Parameter folders: what `--mappings` names; later ones win.
  /// - Parameter environment: `CROSSWALK_MAPPINGS`, folders with colons between them; `folders` win over these.
  package init(folders: [String] = [], environment: String? = nil) throws(Diagnostic) {
    let paths = (environment ?? "").split(separator: ":").map(String.init) + folders
    var opened: [MappingFolder] = []
    for path in paths { opened.append(try MappingFolder(path)) }
    self.folders = opened
    names = opened.isEmpty ? Embedded.systems.sorted() : Set(Embedded.systems + opened.flatMap(\.systems)).sorted()
  }

  package func canonical() throws(Diagnostic) -> CanonicalModel {
    CanonicalModel(try parse("client.yaml", of: "canonical"))
  }

  /// One system and what is wrong with it; no system when that is fatal.
  ///
  /// - checksAPI: see `SystemLoader.load`.
  package func system(_ name: String, canonical: CanonicalModel, checksAPI: Bool = false) -> (System?, [Diagnostic]) {
    guard names.contains(name) else { return (nil, [unknownSystem(name, names: names)]) }
    var problems: [Diagnostic] = []
    var files: [YAMLNode] = []
    for file in ["system.yaml", "client.yaml"] {
      do throws(Diagnostic) {
        files.append(try parse(file, of: name))
      } catch {
        problems.append(error)
      }
    }
    guard files.count == 2 else { return (nil, problems) }
    return SystemLoader.load(name: name, system: files[0], client: files[1], canonical: canonical, checksAPI: checksAPI)
  }

  /// The bytes of `tables/NAME.csv`; nil when there is no such table.
  package func table(_ name: String) throws(Diagnostic) -> [UInt8]? {
    // The name comes out of a mapping file: it must not lead anywhere else.
    guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0) else { return nil }
    let path = "tables/\(name).csv"
    for folder in folders.reversed() where folder.hasFile(path) { return try folder.read(path) }
    return Embedded.bytes(path)
  }

  /// The bytes of both files, for what identifies a mapping; nil where one cannot be read. Without `api:`, which has no part in
  /// what a record means: a residue outlives a change of it.
  package func sources(of name: String) -> [[UInt8]?] {
    ["system.yaml", "client.yaml"].map { file in
      do throws(Diagnostic) {
        return MappingLibrary.withoutAPI(try read(file, of: name).bytes)
      } catch {
        return nil
      }
    }
  }

  /// Without the lines from `api:` to the next key of the file.
  private static func withoutAPI(_ bytes: [UInt8]) -> [UInt8] {
    var kept: [UInt8] = []
    var isAPI = false
    for line in bytes.split(separator: 0x0a, omittingEmptySubsequences: false) {
      if let first = line.first, ![0x20, 0x09, UInt8(ascii: "#")].contains(first) { isAPI = line.starts(with: "api:".utf8) }
      if !isAPI { kept += line + [0x0a] }
    }
    return kept
  }

  /// A file of a system, which comes whole out of one place: the last folder that has the system, or the program.
  private func read(_ file: String, of name: String) throws(Diagnostic) -> (bytes: [UInt8], label: String) {
    let path = "\(name)/\(file)"
    if let folder = folders.last(where: { $0.systems.contains(name) }) {
      return (try folder.read(path), "\(folder.path)/\(path)")
    }
    guard let bytes = Embedded.bytes(path) else { throw missingFile("Mappings/\(path)") }
    return (bytes, "Mappings/\(path)")
  }

  /// The names of the systems in a folder that `folders` may name.
  package static func systems(in folder: String) throws(Diagnostic) -> [String] { try MappingFolder(folder).systems }

  /// Where a folder is a system itself: the folder above it, and its name there.
  package static func system(at path: String) -> (folder: String, name: String)? { MappingFolder.system(at: path) }

  package func parse(_ file: String, of name: String) throws(Diagnostic) -> YAMLNode {
    let (bytes, label) = try read(file, of: name)
    return try YAML.parse(bytes, file: label)
  }
}

/// The mappings inside the program.
private enum Embedded {
  static let systems: [String] = embeddedMappings.compactMap { file in
    let path = String(decoding: file.path.bytes, as: UTF8.self)
    return path.hasSuffix("/client.yaml") ? String(path.dropLast("/client.yaml".count)) : nil
  }

  static func bytes(_ path: String) -> [UInt8]? {
    embeddedMappings.first { $0.path.bytes.elementsEqual(path.utf8) }.map { Array($0.text.bytes) }
  }
}

extension StaticString {
  fileprivate var bytes: UnsafeBufferPointer<UInt8> {
    // A literal of one character is kept as that, without memory; neither a path nor a file is so short.
    hasPointerRepresentation
      ? UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount) : .init(start: nil, count: 0)
  }
}

// MARK: Messages

private func unknownSystem(_ name: String, names: [String]) -> Diagnostic {
  Diagnostic(
    .unknownSystem, "there is no system `\(name)`",
    help: acceptedHelp(name, names) + "; `--mappings DIR` adds others")
}

func missingFile(_ path: String) -> Diagnostic {
  Diagnostic(
    .unreadableMapping, "there is no `\(path)`", help: "a system is a folder with system.yaml and client.yaml")
}
