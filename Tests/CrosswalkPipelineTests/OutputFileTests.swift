import CrosswalkFiles
import CrosswalkModel
import CrosswalkPipeline
import Foundation
import Testing

@Suite struct OutputFileTests {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "crosswalk-output-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func path(_ name: String) -> String { folder.appending(path: name).path }
  private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
  private func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }
  private func mode(_ name: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path(name))[.posixPermissions] as? Int)
  }
  private func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: folder.appending(path: name))
  }

  @Test func aFileHasItsNameOnlyWhenItIsComplete() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = try OutputFile(.file(path("out.json")), force: false)
    #expect(try names() == [])
    try file.write(Array("[]\n".utf8))
    #expect(try names().count == 1 && names() != ["out.json"])
    try file.finish()
    try file.publish()
    #expect(try names() == ["out.json"])
    #expect(try text("out.json") == "[]\n")
  }

  @Test func aFileThatIsDiscardedLeavesNothing() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    do {
      let file = try OutputFile(.file(path("out.json")), force: false)
      try file.write([1, 2, 3])
    }
    #expect(try names() == [])
  }

  @Test func anExistingFileIsReplacedOnlyWithForceAndKeepsItsMode() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try write("old", to: "out.json")
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path("out.json"))
    let error = #expect(throws: Diagnostic.self) { try OutputFile(.file(path("out.json")), force: false) }
    #expect(error?.code == .outputExists)
    let file = try OutputFile(.file(path("out.json")), force: true)
    try file.write(Array("new".utf8))
    #expect(try text("out.json") == "old")
    try file.finish()
    try file.publish()
    #expect(try text("out.json") == "new")
    #expect(try mode("out.json") == 0o640)
  }

  @Test func whatAppearsInTheMeantimeIsNotReplaced() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = try OutputFile(.file(path("out.json")), force: false)
    try file.write(Array("ours".utf8))
    try write("theirs", to: "out.json")
    try file.finish()
    let error = #expect(throws: Diagnostic.self) { try file.publish() }
    #expect(error?.code == .outputExists)
    file.discard()
    #expect(try names() == ["out.json"])
    #expect(try text("out.json") == "theirs")
  }

  @Test func aPrivateFileIsCreatedOnlyWhenNeededAndIsItsOwnersAlone() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let unneeded = try OutputFile(.file(path("residue")), isPrivate: true, force: false)
    try unneeded.finish(isNeeded: false)
    try unneeded.publish()
    #expect(try names() == [])
    let needed = try OutputFile(.file(path("residue")), isPrivate: true, force: false)
    try needed.write([65])
    try needed.finish(isNeeded: false)
    try needed.publish()
    #expect(try mode("residue") == 0o600)
  }

  @Test func anOlderPrivateFileDoesNotPassForThisRuns() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try write("of another run", to: "residue")
    let file = try OutputFile(.file(path("residue")), isPrivate: true, force: true)
    try file.finish(isNeeded: false)
    try file.publish()
    #expect(try text("residue") == "")
    #expect(try mode("residue") == 0o600)
  }

  @Test func aLinkIsFollowedAndStays() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder.appending(path: "sub"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: path("link"), withDestinationPath: "sub/real")
    let file = try OutputFile(.file(path("link")), force: false)
    try file.write([65])
    try file.finish()
    try file.publish()
    #expect(try text("sub/real") == "A")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path("link")) == "sub/real")
  }

  @Test func aDeviceIsWrittenAsItIs() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = try OutputFile(.file("/dev/null"), force: false)
    try file.write([65])
    try file.finish()
    try file.publish()
    let full = try OutputFile(.file("/dev/full"), force: false)
    let error = #expect(throws: Diagnostic.self) { try full.write([65]) }
    #expect(error?.code == .unwritableOutput)
  }

  @Test func aMissingFolderIsNamed() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder.appending(path: "results"), withIntermediateDirectories: true)
    let error = #expect(throws: Diagnostic.self) { try OutputFile(.file(path("result/out.json")), force: false) }
    #expect(error?.code == .unwritableOutput)
    #expect(error?.help == "did you mean `\(path("results"))`?")
  }

  @Test func anInputIsNotWrittenUnderAnyName() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try write("[]", to: "in.json")
    try FileManager.default.createSymbolicLink(atPath: path("link"), withDestinationPath: "in.json")
    let inputs = try InputSource.check([.file(path("in.json"))]).identities
    let output = try OutputFile(.file(path("link")), force: true)
    let error = #expect(throws: Diagnostic.self) { try OutputFile.check([output], against: inputs) }
    #expect(error?.code == .sameFile)
  }

  @Test func twoOutputsAreTwoFiles() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let one = try OutputFile(.file(path("a")), force: false)
    let other = try OutputFile(.file(path("./a")), force: false)
    let error = #expect(throws: Diagnostic.self) { try OutputFile.check([one, other], against: [:]) }
    #expect(error?.code == .sameFile)
    try OutputFile.check([one, try OutputFile(.file(path("b")), force: false)], against: [:])
  }
}
