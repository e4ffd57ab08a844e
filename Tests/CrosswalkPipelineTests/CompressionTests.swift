import CrosswalkFiles
import CrosswalkModel
@testable import CrosswalkPipeline
import Foundation
import TestSupport
import Testing

/// gzip and zstd, read and written as streams (RELIABILITY R49). What the two libraries' own programs make of it is checked in
/// `CommandTests`.
struct CompressionTests {
  private static func write(_ bytes: [UInt8], as ending: String, pieces: Int = 1 << 16) throws -> [UInt8] {
    let folder = URL.temporaryDirectory.appending(path: "crosswalk-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "a\(ending)").path
    let file = try OutputFile(.file(path), force: false)
    for start in stride(from: 0, to: bytes.count, by: pieces) {
      try file.write(Array(bytes[start..<min(start + pieces, bytes.count)]))
    }
    try file.finish()
    try file.publish()
    return [UInt8](try Data(contentsOf: URL(filePath: path)))
  }

  private static func read(_ bytes: [UInt8], maxRatio: Int = Limits().ratio, pieces: Int = 100_000) throws(Diagnostic) -> [UInt8] {
    var limits = Limits()
    limits.ratio = maxRatio
    let source = try InputSource(.bytes(bytes, name: "a"), limits: limits)
    var all: [UInt8] = []
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: pieces)
    defer { room.deallocate() }
    while true {
      let got = try source.read(into: room, count: pieces)
      all += UnsafeBufferPointer(start: room, count: got)
      if got < pieces { return all }
    }
  }

  private static let text: [UInt8] = {
    var random = Random(seed: 1952)
    return (0..<600_000).map { _ in UInt8(truncatingIfNeeded: 0x61 + random.next() % 8) }
  }()

  @Test(arguments: [".gz", ".zst"], [0, 1, 3, 5_000, 600_000])
  func whatWasWrittenIsReadBack(_ ending: String, _ count: Int) throws {
    let text = Array(Self.text.prefix(count))
    let packed = try Self.write(text, as: ending)
    #expect(Compression(head: packed.prefix(4)) == Compression(ending: ending))
    #expect(count < 5_000 || packed.count < count * 2 / 3)
    #expect(try Self.read(packed) == text)
    #expect(try Self.read(packed, pieces: 7_001) == text)
  }

  @Test(arguments: [".gz", ".zst"])
  func theBytesDoNotDependOnHowTheyWereDivided(_ ending: String) throws {
    let packed = try Self.write(Self.text, as: ending)
    #expect(try Self.write(Self.text, as: ending, pieces: 999) == packed)
    #expect(try Self.write(Self.text, as: ending, pieces: 600_000) == packed)
  }

  @Test(arguments: [".gz", ".zst"])
  func severalMembersAreOneStream(_ ending: String) throws {
    let packed = try Self.write(Array("one\n".utf8), as: ending) + Self.write([], as: ending) + Self.write(Array("two\n".utf8), as: ending)
    #expect(try Self.read(packed) == Array("one\ntwo\n".utf8))
  }

  @Test func zerosBehindTheLastGzipMemberAreItsPadding() throws {
    let packed = try Self.write(Array("one\n".utf8), as: ".gz") + [UInt8](repeating: 0, count: 512)
    #expect(try Self.read(packed) == Array("one\n".utf8))
  }

  @Test(arguments: [".gz", ".zst"])
  func aCutOrDamagedStreamIsAnErrorWhereverItHappens(_ ending: String) throws {
    let packed = try Self.write(Array(Self.text.prefix(3_000)), as: ending)
    for cut in Array(4..<40) + [packed.count / 2, packed.count - 9, packed.count - 1] {
      #expect(throws: Diagnostic.self, "cut at \(cut)") { try Self.read(Array(packed[..<cut])) }
    }
    var damaged = packed
    damaged[packed.count - 2] ^= 0x55
    #expect(throws: Diagnostic.self) { try Self.read(damaged) }
    #expect(throws: Diagnostic.self) { try Self.read(packed + Array("more".utf8)) }
  }

  @Test(arguments: [".gz", ".zst"])
  func dataThatExpandWithoutEndAreStoppedByTheRatio(_ ending: String) throws {
    let packed = try Self.write([UInt8](repeating: 0x20, count: 80 << 20), as: ending)
    do throws(Diagnostic) {
      _ = try Self.read(packed)
      Issue.record("was read")
    } catch {
      #expect(error.code == .damagedCompression)
      #expect(error.help?.contains("--max-ratio") == true)
    }
    #expect(try Self.read(packed, maxRatio: 1_000_000).count == 80 << 20)
  }

  @Test func whatWasCompressedTwiceIsRefused() throws {
    let twice = try Self.write(Self.write(Array("[]".utf8), as: ".gz"), as: ".zst")
    do throws(Diagnostic) {
      _ = try Self.read(twice)
      Issue.record("was read")
    } catch {
      #expect(error.code == .foreignFile)
    }
  }
}
