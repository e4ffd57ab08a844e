import CrosswalkModel
import Glibc

/// A folder that `--mappings` or `CROSSWALK_MAPPINGS` names: one folder a system below it, and perhaps `tables`. Nothing
/// outside of it is read, whatever links say.
struct MappingFolder: Sendable {
  /// As the user wrote it, for messages.
  let path: String
  /// Folders with `system.yaml` or `client.yaml`, in alphabetical order.
  let systems: [String]
  /// Without links.
  private let root: String

  /// Larger files are refused: tables have some hundred KiB.
  private static let maximumSize = 16 << 20

  init(_ path: String) throws(Diagnostic) {
    guard let root = resolved(path) else { throw unreadable(path, errno) }
    guard let names = entries(of: root) else { throw unreadable(path, errno) }
    self.path = path
    self.root = root
    systems = names.filter { exists("\(root)/\($0)/client.yaml") || exists("\(root)/\($0)/system.yaml") }.sorted()
    if systems.isEmpty, !exists("\(root)/tables") {
      throw noSystems(path, isSystem: exists("\(root)/client.yaml") || exists("\(root)/system.yaml"))
    }
  }

  /// A path to a folder with the files of one system: the folder above it and its name.
  static func system(at path: String) -> (folder: String, name: String)? {
    guard exists("\(path)/client.yaml") || exists("\(path)/system.yaml"), let real = resolved(path) else { return nil }
    let parts = real.split(separator: "/")
    guard let name = parts.last else { return nil }
    var shown = path[...]
    while shown.count > 1, shown.last == "/" { shown.removeLast() }
    // As the user wrote it, where that ends with the name.
    if shown == name { return (".", String(name)) }
    if shown.hasSuffix("/\(name)") { return (String(shown.dropLast(name.count + 1)), String(name)) }
    return ("/" + parts.dropLast().joined(separator: "/"), String(name))
  }

  func hasFile(_ file: String) -> Bool { exists("\(root)/\(file)") }

  /// A file below the folder. `file` has no `..`: it is made of names that were found here.
  func read(_ file: String) throws(Diagnostic) -> [UInt8] {
    let shown = "\(path)/\(file)"
    guard let real = resolved("\(root)/\(file)") else {
      throw errno == ENOENT ? missingFile(shown) : unreadable(shown, errno)
    }
    // Component by component: `/maps-old` does not stand inside `/maps`.
    let inside = real.split(separator: "/").starts(with: root.split(separator: "/"))
    guard inside else { throw outside(shown, real) }
    // A pipe would wait for ever to be opened; a link put there since then is not followed.
    let descriptor = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { throw unreadable(shown, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(shown, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw noFile(shown) }
    guard status.st_size <= Self.maximumSize else { throw tooLarge(shown, Int(status.st_size)) }
    guard let bytes = contents(of: descriptor, upTo: Self.maximumSize) else { throw unreadable(shown, errno) }
    return bytes
  }
}

/// The path without links and dots; nil, with `errno`, when it leads nowhere.
private func resolved(_ path: String) -> String? {
  guard let real = realpath(path, nil) else { return nil }
  defer { free(real) }
  return String(cString: real)
}

private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// The names in a folder, hidden ones left out.
private func entries(of path: String) -> [String]? {
  guard let folder = opendir(path) else { return nil }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  return names
}

private func contents(of descriptor: CInt, upTo limit: Int) -> [UInt8]? {
  var all: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = Glibc.read(descriptor, &chunk, chunk.count)
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else { return nil }
    if count == 0 { return all }
    all += chunk[..<count]
    if all.count > limit { return all }
  }
}

// MARK: Messages

private func unreadable(_ path: String, _ error: CInt) -> Diagnostic {
  Diagnostic(
    .unreadableMapping, "cannot read `\(path)`: \(String(cString: strerror(error)))",
    help: "a folder of mappings holds one folder a system, with system.yaml and client.yaml in it")
}

private func noFile(_ path: String) -> Diagnostic {
  Diagnostic(.unreadableMapping, "`\(path)` is not a plain file", help: "put a file there")
}

private func tooLarge(_ path: String, _ size: Int) -> Diagnostic {
  Diagnostic(
    .unreadableMapping, "`\(path)` has \(size) bytes, more than any mapping file or table needs",
    help: "16 MiB is the limit")
}

private func outside(_ path: String, _ real: String) -> Diagnostic {
  Diagnostic(
    .outsideFolder, "`\(path)` is a link to `\(real)`, outside the folder", help: "copy the file into the folder")
}

private func noSystems(_ path: String, isSystem: Bool) -> Diagnostic {
  Diagnostic(
    .noSystems, "`\(path)` holds no mapping",
    help: isSystem
      ? "it is a system itself: name the folder above it"
      : "a mapping is a folder in it, named as its system, with system.yaml and client.yaml")
}
