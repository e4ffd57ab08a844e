import Foundation
import TestSupport
import Testing

/// Golden cases: `Cases/NAME/cmd` is run by a shell, in a folder with the case's `files/` and a copy of `Samples`; what it writes
/// and its exit code are compared with `expout`, `experr` and `exit`. `RECORD=1 swift test --filter CaseTests` records
/// them anew: the diff is the review.
@Suite struct CaseTests {
  @Test(arguments: try Case.all()) func theCommandDoesWhatTheCaseSays(_ golden: Case) throws {
    let command = try BuiltCommand()
    defer { command.remove() }
    try command.copy("Samples")
    for file in try golden.files() {
      try FileManager.default.copyItem(at: file, to: command.folder.appending(path: file.lastPathComponent))
    }
    let result = try command.run(try golden.text("cmd"))
    if ProcessInfo.processInfo.environment["RECORD"] == "1" {
      try golden.record(result)
      return
    }
    let expected = BuiltCommand.Result(
      output: try golden.text("expout"), errors: try golden.text("experr"),
      status: try #require(Int32(try golden.text("exit").trimmingCharacters(in: .whitespacesAndNewlines))))
    #expect(result.output == expected.output, "\(golden)/expout")
    #expect(result.errors == expected.errors, "\(golden)/experr")
    #expect(result.status == expected.status, "\(golden)/exit")
  }

  @Test func thereAreCases() throws { #expect(try Case.all().count > 10) }
}

struct Case: CustomTestStringConvertible, CustomStringConvertible, Sendable {
  var folder: URL

  var description: String { folder.lastPathComponent }
  var testDescription: String { description }

  static func all() throws -> [Case] {
    try FileManager.default.contentsOfDirectory(
      at: Repository.root.appending(path: "Tests/CommandTests/Cases"), includingPropertiesForKeys: nil
    ).filter { FileManager.default.fileExists(atPath: $0.appending(path: "cmd").path) }.sorted { $0.path < $1.path }
      .map(Case.init)
  }

  func files() throws -> [URL] {
    let files = folder.appending(path: "files")
    guard FileManager.default.fileExists(atPath: files.path) else { return [] }
    return try FileManager.default.contentsOfDirectory(at: files, includingPropertiesForKeys: nil)
  }

  func text(_ name: String) throws -> String { try String(contentsOf: folder.appending(path: name), encoding: .utf8) }

  func record(_ result: BuiltCommand.Result) throws {
    for (name, text) in [("expout", result.output), ("experr", result.errors), ("exit", "\(result.status)\n")] {
      try Data(text.utf8).write(to: folder.appending(path: name))
    }
  }
}
