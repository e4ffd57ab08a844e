import CrosswalkModel
import CrosswalkSandbox
import Foundation
import Testing

/// What a sandbox keeps, in a file and in memory.
@Suite struct SandboxStoreTests {
  private static func folder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "crosswalk-store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder)
  }

  private static func record(_ number: Int, _ text: String, isDeleted: Bool = false, isSeed: Bool = false) -> StoredRecord {
    StoredRecord(
      system: "acme", id: "\(number)", sequence: number, body: Array(text.utf8), isDeleted: isDeleted,
      write: isSeed ? nil : .init(operation: "create", connection: number % 4, time: "2024-05-01T00:00:00Z"))
  }

  @Test(arguments: [true, false]) func whatWasCommittedIsRead(inFile: Bool) async throws {
    try await Self.folder { folder in
      let store = try SandboxStore(path: inFile ? folder.appending(path: "s.db").path : nil)
      let seed = Self.record(3, "", isSeed: true)
      let (ten, two) = (Self.record(10, "zehn"), Self.record(2, "\0\u{1F600}\u{e9}"))
      let deleted = Self.record(10, "", isDeleted: true)
      try await store.commit([seed])
      try await store.commit([ten, two])
      try await store.commit([deleted])
      #expect(try store.records(of: "acme") == [two, seed, deleted])
      #expect(try store.records(of: "other") == [])
      #expect(try store.history() == [ten, two, deleted])
      try store.close()
    }
  }

  @Test func aClosedStoreGoesOnWhereItEnded() async throws {
    try await Self.folder { folder in
      let path = folder.appending(path: "s.db").path
      for number in 1...3 {
        let store = try SandboxStore(path: path)
        #expect(try store.records(of: "acme").count == number - 1)
        try await store.commit([Self.record(number, "x")])
        try store.close()
      }
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o600)
    }
  }

  /// The files as they are at that moment are what the next process finds after `kill -9`.
  @Test func nothingThatWasAcknowledgedIsLostWhenTheProcessIsKilled() async throws {
    try await Self.folder { folder in
      let store = try SandboxStore(path: folder.appending(path: "s.db").path)
      try await withThrowingTaskGroup { group in
        for client in 0..<4 {
          group.addTask {
            for step in 0..<100 {
              let number = client * 100 + step
              try await store.commit([Self.record(number, "r\(number)")])
            }
          }
        }
        try await group.waitForAll()
      }
      for ending in ["", "-wal"] {
        try FileManager.default.copyItem(
          at: folder.appending(path: "s.db" + ending), to: folder.appending(path: "copy.db" + ending))
      }
      let copy = try SandboxStore(path: folder.appending(path: "copy.db").path)
      #expect(try copy.records(of: "acme") == (0..<400).map { Self.record($0, "r\($0)") })
      #expect(Set(try copy.history().map(\.id)).count == 400)
      try copy.close()
      try store.close()
    }
  }

  @Test func aSecondSandboxIsKeptFromTheStoreOfTheFirst() async throws {
    try await Self.folder { folder in
      let path = folder.appending(path: "s.db").path
      let store = try SandboxStore(path: path)
      #expect { try SandboxStore(path: path) } throws: { ($0 as? Diagnostic)?.code == .unusableStore }
      try store.close()
      try SandboxStore(path: path).close()
    }
  }

  @Test func anotherFileIsNoStore() async throws {
    try await Self.folder { folder in
      let file = folder.appending(path: "clients.json")
      let text = String(repeating: "[{\"name\": \"Osprey Dental\"}]\n", count: 50)
      try Data(text.utf8).write(to: file)
      #expect { try SandboxStore(path: file.path) } throws: { error in
        (error as? Diagnostic)?.title == "the store \(file.path) cannot be used: it is another file than a store"
      }
      #expect(try String(contentsOf: file, encoding: .utf8) == text)
      #expect { try SandboxStore(path: folder.appending(path: "none/s.db").path) } throws: {
        ($0 as? Diagnostic)?.title.hasSuffix("No such file or directory") == true
      }
    }
  }

  @Test func aDatabaseOfAnotherProgramIsRefusedAndStaysAsItIs() async throws {
    try await Self.folder { folder in
      let file = folder.appending(path: "ledger.db")
      let store = try SandboxStore(path: file.path)
      try await store.commit([Self.record(1, "x")])
      try store.close()
      var bytes = try Data(contentsOf: file)
      #expect(Array(bytes[68..<72]) == Array("CwSb".utf8))
      // The same database, said to be nobody's and somebody else's.
      for id in [[0, 0, 0, 0], Array("Ledg".utf8)] as [[UInt8]] {
        bytes.replaceSubrange(68..<72, with: id)
        try bytes.write(to: file)
        #expect { try SandboxStore(path: file.path) } throws: { error in
          (error as? Diagnostic)?.title
            == "the store \(file.path) cannot be used: it is another program's database; nothing in it has been changed"
        }
        #expect(try Data(contentsOf: file) == bytes)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["ledger.db"])
      }
    }
  }

  /// As `kill -9` leaves it, before the log has come into the file.
  @Test func aNewStoreIsKnownByItsFileAlone() async throws {
    try await Self.folder { folder in
      let store = try SandboxStore(path: folder.appending(path: "s.db").path)
      let copy = folder.appending(path: "copy.db")
      try FileManager.default.copyItem(at: folder.appending(path: "s.db"), to: copy)
      try SandboxStore(path: copy.path).close()
      try store.close()
    }
  }

  @Test func aClosedStoreRefusesCommits() async throws {
    try await Self.folder { folder in
      let store = try SandboxStore(path: folder.appending(path: "s.db").path)
      try store.close()
      await #expect { try await store.commit([Self.record(1, "")]) } throws: { ($0 as? Diagnostic)?.code == .unusableStore }
    }
  }
}
