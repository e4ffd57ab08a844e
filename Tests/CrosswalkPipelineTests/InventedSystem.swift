import Foundation

/// A folder of mapping files made up for a test.
enum InventedSystem {
  static func with(_ systems: [String: (system: String, client: String)], _ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "crosswalk-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, files) in systems {
      try FileManager.default.createDirectory(at: folder.appending(path: name), withIntermediateDirectories: true)
      try Data(files.system.utf8).write(to: folder.appending(path: "\(name)/system.yaml"))
      try Data(files.client.utf8).write(to: folder.appending(path: "\(name)/client.yaml"))
    }
    try body(folder.path)
  }
}
