public import Foundation

/// Folders that tests read: the repository itself, and the shared data beside it.
public enum Repository {
  public static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// `../shared`, or `CROSSWALK_SHARED`.
  public static let shared = ProcessInfo.processInfo.environment["CROSSWALK_SHARED"].map { URL(filePath: $0) }
    ?? root.deletingLastPathComponent().appending(path: "shared")

  public static let isCI = ProcessInfo.processInfo.environment["CI"] == "true"

  /// A shared file or folder; nil when it is missing, which under CI is an error of its own in the test that needs it.
  public static func shared(_ path: String) -> URL? {
    let url = shared.appending(path: path)
    return FileManager.default.fileExists(atPath: url.path) ? url : nil
  }

  public static func bytes(_ url: URL) throws -> [UInt8] { [UInt8](try Data(contentsOf: url)) }
}
