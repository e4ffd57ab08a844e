import Foundation
import TestSupport

/// The built `crosswalk`, beside the test bundle or at `CROSSWALK_BINARY`, run by a shell in a folder of its own.
struct BuiltCommand {
  static let path =
    ProcessInfo.processInfo.environment["CROSSWALK_BINARY"].map { URL(filePath: $0) }
    ?? URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(
      path: "crosswalk")

  struct Result: Equatable {
    var output: String
    var errors: String
    var status: Int32
  }

  /// A new empty folder, removed with `remove`.
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "crosswalk-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  /// Copies a folder of the repository, when it is there.
  func copy(_ name: String) throws {
    let source = Repository.root.appending(path: name)
    guard FileManager.default.fileExists(atPath: source.path) else { return }
    try FileManager.default.copyItem(at: source, to: folder.appending(path: name))
  }

  /// Runs a script with `crosswalk` on the path. Standard input is empty unless the script says otherwise. With `isMerged`
  /// errors stand in the output, in the order in which they were written.
  func run(_ script: String, isMerged: Bool = false) throws -> Result {
    let outputFile = folder.deletingLastPathComponent().appending(path: folder.lastPathComponent + ".out")
    let errorFile = folder.deletingLastPathComponent().appending(path: folder.lastPathComponent + ".err")
    for file in [outputFile, errorFile] { try Data().write(to: file) }
    defer { for file in [outputFile, errorFile] { try? FileManager.default.removeItem(at: file) } }
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/bash")
    // Foundation waits for all that have its descriptors, so for what the script leaves running as well: they are closed first.
    let closing = "for fd in /proc/self/fd/*; do fd=${fd##*/}; [ $fd -gt 2 ] && eval \"exec $fd>&-\"; done\n"
    shell.arguments = ["-c", closing + script]
    shell.currentDirectoryURL = folder
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    shell.environment = [
      "PATH": BuiltCommand.path.deletingLastPathComponent().path + ":" + path, "LC_ALL": "C.UTF-8", "TZ": "UTC",
    ]
    shell.standardInput = FileHandle.nullDevice
    let output = try FileHandle(forWritingTo: outputFile)
    let errors = isMerged ? output : try FileHandle(forWritingTo: errorFile)
    shell.standardOutput = output
    shell.standardError = errors
    try shell.run()
    shell.waitUntilExit()
    let status = shell.terminationReason == .exit ? shell.terminationStatus : 128 + shell.terminationStatus
    return Result(
      output: BuiltCommand.steady(String(decoding: try Data(contentsOf: outputFile), as: UTF8.self)),
      errors: BuiltCommand.steady(String(decoding: try Data(contentsOf: errorFile), as: UTF8.self)), status: status)
  }

  /// Times and speeds differ from run to run.
  static func steady(_ text: String) -> String {
    text.replacing(/\ in \d+\.\d\d s( \([\d,]+ MB\/s\))?/, with: " in 0.00 s")
      .replacing(/"seconds":\d+\.\d+/, with: "\"seconds\":0.000")
  }
}
