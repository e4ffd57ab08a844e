import CrosswalkFiles
import CrosswalkModel
import CrosswalkPipeline
import Foundation
import Testing

@Suite struct InputSourceTests {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "crosswalk-input-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = folder.appending(path: name)
    try Data(bytes).write(to: file)
    return file.path
  }

  private func error(_ body: () throws -> Void) throws -> Diagnostic {
    try #require(throws: Diagnostic.self, performing: body)
  }

  @Test(arguments: [1, 3, 4096, 10_000]) func theBytesComeOnceAndInOrderAlsoAfterALook(size: Int) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let bytes = (0..<9_001).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let source = try InputSource(.file(try write(bytes, to: "a")))
    #expect(source.size == 9_001)
    #expect(try source.head(5_000) == Array(bytes[..<5_000]))
    #expect(try source.head(10) == Array(bytes[..<10]))
    var all: [UInt8] = []
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
    defer { memory.deallocate() }
    while true {
      let count = try source.read(into: memory, count: size)
      all += UnsafeBufferPointer(start: memory, count: count)
      if count < size { break }
    }
    #expect(all == bytes)
    #expect(source.offset == 9_001)
  }

  @Test func aMissingFileNamesTheNearestOfItsFolder() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try write([65], to: "clients.json")
    let wrong = path.replacing("clients", with: "cleints")
    let failure = try error { _ = try InputSource.check([.file(wrong)]) }
    #expect(failure.code == .missingInput)
    #expect(failure.title == "there is no file `\(wrong)`")
    #expect(failure.help == "did you mean `\(path)`?")
  }

  @Test func aFolderIsNoInput() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let failure = try error { _ = try InputSource.check([.file(folder.path)]) }
    #expect(failure.code == .unreadableInput)
    #expect(failure.title == "`\(folder.path)` is a folder")
  }

  @Test func standardInputIsNamedOnce() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(try error { _ = try InputSource.check([.standardInput, .standardInput]) }.code == .saidTwice)
  }

  @Test(
    arguments: [
      ("book.xlsx", [0x50, 0x4b, 3, 4, 20, 0], ".xlsx"),
      ("any", [0x50, 0x4b, 3, 4] + Array("....[Content_Types].xml".utf8), ".xlsx"),
      ("book.xls", [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0], ".xls"),
      ("a.zip", [0x50, 0x4b, 3, 4, 20, 0], "zip archive"),
    ] as [(String, [UInt8], String)])
  func aWorkbookAndAnArchiveAreRefusedWithTheWayRoundThem(
    _ name: String, _ bytes: [UInt8], _ word: String
  ) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try write(bytes, to: name)
    let failure = try error { _ = try InputSource(.file(path)) }
    #expect(failure.code == .foreignFile)
    #expect(failure.title.contains(word))
    #expect(failure.help != nil)
  }
}
