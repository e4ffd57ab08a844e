import CrosswalkFiles
package import CrosswalkModel
import FoundationEssentials
import GRDB
import GRDBSQLite
import Glibc
import NIOPosix
import Synchronization

/// The records and the history of a sandbox: a SQLite file, or memory only. What is kept is the history; a record is what was last
/// stored of it.
///
/// A commit returns when its changes are durable against the death of the process (write-ahead log, `synchronous=NORMAL`). All
/// commits that wait go into one transaction, which one thread at a time writes: a client that waits for its answer costs the others
/// nothing. After a commit has failed every later one of the same state fails too, since what the disk holds is no longer what the
/// caller believes: the caller reads the records again, and goes on with the next state.
package final class SandboxStore: Sendable {
  private struct Commit {
    var changes: [StoredRecord]
    var state: Int
    var done: CheckedContinuation<Result<Void, Diagnostic>, Never>
  }

  private struct Waiting {
    var commits: [Commit] = []
    var isWriting = false
    var isClosed = false
    /// Counts the failures.
    var state = 0
    var failure: Diagnostic?
  }

  /// nil: everything is in `memory`.
  private let queue: DatabaseQueue?
  private let memory = Mutex<[StoredRecord]>([])
  private let waiting = Mutex(Waiting())
  private let path: String

  /// - path: a file, which is made when it is not there, readable by its owner only; nil keeps everything in memory.
  /// - throws: when the file is not a store, is another sandbox's at the moment, or cannot be written.
  package init(path: String?) throws(Diagnostic) {
    self.path = path ?? ""
    guard let path else {
      queue = nil
      return
    }
    // SQLite gives the files beside it the same rights.
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw SandboxStore.unusable(path, lastSystemError()) }
    let refusal = SandboxStore.refusal(of: file)
    Glibc.close(file)
    // Before SQLite has opened it: that alone would change the journal of somebody's database.
    if let refusal { throw SandboxStore.unusable(path, refusal) }
    do {
      let opened = try DatabaseQueue(path: path, configuration: SandboxStore.configuration)
      guard try !opened.read(SandboxStore.migrator.hasBeenSuperseded) else {
        throw SandboxStore.unusable(path, "another version of this program has made it")
      }
      try SandboxStore.migrator.migrate(opened)
      try opened.writeWithoutTransaction { database in try SandboxStore.own(database) }
      queue = opened
    } catch {
      throw SandboxStore.unusable(path, error)
    }
  }

  /// All records of a system, deleted ones too, by their sequence.
  package func records(of system: String) throws(Diagnostic) -> [StoredRecord] {
    var last: [String: StoredRecord] = [:]
    for change in try changes(where: "system = ?", [system], { $0.system == system }) { last[change.id] = change }
    return last.values.sorted { ($0.sequence, $0.id) < ($1.sequence, $1.id) }
  }

  /// All writes that were committed, in the order in which they were.
  package func history() throws(Diagnostic) -> [StoredRecord] {
    try changes(where: "operation IS NOT NULL", []) { $0.write != nil }
  }

  /// - isWanted: the condition, of what is in memory.
  private func changes(
    where condition: String, _ arguments: StatementArguments, _ isWanted: (StoredRecord) -> Bool
  ) throws(Diagnostic) -> [StoredRecord] {
    guard let queue else { return memory.withLock { $0 }.filter(isWanted) }
    do {
      return try queue.unsafeRead { database in
        let rows = try Row.fetchCursor(
          database,
          sql: "SELECT system, id, sequence, isDeleted, operation, connection, time, body FROM change WHERE \(condition) ORDER BY number",
          arguments: arguments)
        var changes: [StoredRecord] = []
        while let row = try rows.next() {
          let body = try row.withUnsafeData(atIndex: 7) { data in data.map { [UInt8]($0) } ?? [] }
          let write: AppliedWrite? = (row[4] as String?).map { AppliedWrite(operation: $0, connection: row[5], time: row[6]) }
          changes.append(
            StoredRecord(system: row[0], id: row[1], sequence: row[2], body: body, isDeleted: row[3], write: write))
        }
        return changes
      }
    } catch {
      throw SandboxStore.unusable(path, error)
    }
  }

  /// Of which state what is read from now on is.
  package var state: Int { waiting.withLock { $0.state } }

  /// Makes the changes, all or none of them; returns when they are durable.
  ///
  /// - state: on which they build; nil: the one there is.
  package func commit(_ changes: [StoredRecord], of state: Int? = nil) async throws(Diagnostic) {
    guard let queue else { return memory.withLock { $0 += changes } }
    let result = await withCheckedContinuation { done in
      enqueue(Commit(changes: changes, state: state ?? self.state, done: done), for: queue)
    }
    try result.get()
  }

  /// Closes the file, after what waits has been written. The store takes nothing more.
  package func close() throws(Diagnostic) {
    guard let queue else { return }
    waiting.withLock { $0.isClosed = true }
    while waiting.withLock({ $0.isWriting }) { usleep(200) }
    do { try queue.close() } catch { throw SandboxStore.unusable(path, error) }
  }

  // MARK: Writing

  private func enqueue(_ commit: Commit, for queue: DatabaseQueue) {
    enum Next { case wait, write, refuse(Diagnostic) }
    let next: Next = waiting.withLock { waiting in
      if commit.state != waiting.state, let failure = waiting.failure { return .refuse(failure) }
      if waiting.isClosed { return .refuse(SandboxStore.unusable(path, "it has been closed")) }
      waiting.commits.append(commit)
      defer { waiting.isWriting = true }
      return waiting.isWriting ? .wait : .write
    }
    switch next {
    case .wait: break
    case .refuse(let failure): commit.done.resume(returning: .failure(failure))
    // The pool has several threads; `isWriting` lets one in at a time.
    case .write: NIOThreadPool.singleton.submit { _ in self.writeWaiting(to: queue) }
    }
  }

  /// Writes until nothing waits: what came in during one transaction is the next one.
  private func writeWaiting(to queue: DatabaseQueue) {
    while true {
      let commits = waiting.withLock { waiting in
        let commits = waiting.commits
        waiting.commits = []
        if commits.isEmpty { waiting.isWriting = false }
        return commits
      }
      if commits.isEmpty { return }
      let (state, failure) = waiting.withLock { ($0.state, $0.failure) }
      let current = commits.filter { $0.state == state }
      let result = current.isEmpty ? .success(()) : write(current, to: queue)
      for commit in commits { commit.done.resume(returning: commit.state == state ? result : failure.map { .failure($0) } ?? result) }
    }
  }

  private func write(_ commits: [Commit], to queue: DatabaseQueue) -> Result<Void, Diagnostic> {
    do {
      try queue.writeWithoutTransaction { database in
        // GRDB's own transactions are prepared anew each time: 3 µs of the 30 that a small commit costs.
        try step(database.cachedStatement(sql: "BEGIN IMMEDIATE").sqliteStatement)
        do {
          try store(commits, in: database)
          try step(database.cachedStatement(sql: "COMMIT").sqliteStatement)
        } catch {
          try? database.execute(sql: "ROLLBACK")
          throw error
        }
      }
      return .success(())
    } catch {
      let failure = SandboxStore.unusable(path, error, help: "make room where it stands, or end the sandbox and begin again with another file")
      waiting.withLock { waiting in
        waiting.failure = failure
        waiting.state += 1
      }
      return .failure(failure)
    }
  }

  private func store(_ commits: [Commit], in database: Database) throws {
    let statement = try database.cachedStatement(sql: SandboxStore.insert).sqliteStatement
    for commit in commits {
      for change in commit.changes {
        bind(change.system, to: statement, at: 1)
        bind(change.id, to: statement, at: 2)
        sqlite3_bind_int64(statement, 3, Int64(change.sequence))
        sqlite3_bind_int64(statement, 4, change.isDeleted ? 1 : 0)
        if let write = change.write {
          bind(write.operation, to: statement, at: 5)
          sqlite3_bind_int64(statement, 6, Int64(write.connection))
          bind(write.time, to: statement, at: 7)
        } else {
          for index in 5...7 as ClosedRange<Int32> { sqlite3_bind_null(statement, index) }
        }
        try step(statement, with: change.body, at: 8)
      }
    }
  }
}

// MARK: - The file

extension SandboxStore {
  private static var configuration: Configuration {
    var configuration = Configuration()
    // Also sets `synchronous=NORMAL`.
    configuration.journalMode = .wal
    configuration.label = "sandbox-store"
    configuration.prepareDatabase { database in
      // Of a new file the first write, with the journal that SQLite begins with: it is in the file itself at once, and stays.
      if try Int32.fetchOne(database, sql: "PRAGMA application_id") != applicationId {
        try database.execute(sql: "PRAGMA application_id = \(applicationId)")
      }
      // Two sandboxes on one file would give the same ids. It also saves the shared memory and its locks.
      try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
      try database.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
    }
    return configuration
  }

  /// `CwSb`: what SQLite's header has where a program says that a file is its own.
  private static let applicationId: Int32 = 0x4377_5362

  /// Why a file is no store; nil for one, and for one that is empty. Nothing is written, no lock is taken.
  private static func refusal(of file: Int32) -> String? {
    var header = [UInt8](repeating: 0, count: 100)
    let count = header.withUnsafeMutableBytes { pread(file, $0.baseAddress, 100, 0) }
    guard count >= 0 else { return lastSystemError() }
    if count == 0 { return nil }
    guard count == 100, header.starts(with: "SQLite format 3\0".utf8) else { return "it is another file than a store" }
    let id = header[68..<72].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return id == UInt32(bitPattern: applicationId) ? nil : "it is another program's database; nothing in it has been changed"
  }

  /// What has been released is never changed: a new table or column is a further migration.
  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("changes") { database in
      // No index: a commit writes the end of one table, and nothing else.
      try database.execute(
        sql: """
          CREATE TABLE change (
            number INTEGER PRIMARY KEY, system TEXT NOT NULL, id TEXT NOT NULL, sequence INTEGER NOT NULL,
            isDeleted INTEGER NOT NULL, operation TEXT, connection INTEGER, time TEXT, body BLOB NOT NULL);
          """)
    }
    return migrator
  }

  private static let insert = """
    INSERT INTO change (system, id, sequence, isDeleted, operation, connection, time, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    """

  /// The exclusive lock comes with the first write, which a store without news would not make.
  private static func own(_ database: Database) throws {
    try database.execute(sql: "PRAGMA user_version = 1")
  }
}

// MARK: - Statements

// Values are bound by hand: GRDB would take a copy of every body as `Data`.

private func bind(_ text: String, to statement: OpaquePointer, at index: Int32) {
  var text = text
  text.withUTF8 { bytes in
    bytes.withMemoryRebound(to: CChar.self) { characters in
      _ = sqlite3_bind_text(statement, index, characters.baseAddress, Int32(characters.count), copied)
    }
  }
}

/// Runs a statement whose last value is a body, without a copy of it.
private func step(_ statement: OpaquePointer, with body: [UInt8], at index: Int32) throws {
  defer { sqlite3_bind_null(statement, index) }
  try body.withUnsafeBytes { bytes in
    // No bytes have no address, which would bind NULL.
    if bytes.isEmpty {
      sqlite3_bind_zeroblob(statement, index, 0)
    } else {
      sqlite3_bind_blob(statement, index, bytes.baseAddress, Int32(bytes.count), nil)
    }
    try step(statement)
  }
}

private func step(_ statement: OpaquePointer) throws {
  let code = sqlite3_step(statement)
  sqlite3_reset(statement)
  guard code == SQLITE_DONE else {
    throw DatabaseError(
      resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errmsg(sqlite3_db_handle(statement))))
  }
}

/// SQLite takes a copy of what is bound.
private var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

// MARK: - Messages

extension SandboxStore {
  private static let help = "`--store` takes a file of the sandbox's own, or a new one"

  private static func unusable(_ path: String, _ error: any Error, help: String = help) -> Diagnostic {
    if let error = error as? Diagnostic { return error }
    guard let error = error as? DatabaseError else { return unusable(path, "\(error)", help: help) }
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      return Diagnostic(
        .unusableStore, "the store \(path) is another sandbox's at the moment", help: "end that one, or name another file")
    case .SQLITE_NOTADB: return unusable(path, "it is another file than a store")
    default: return unusable(path, error.message ?? error.resultCode.description, help: help)
    }
  }

  private static func unusable(_ path: String, _ reason: String, help: String = help) -> Diagnostic {
    Diagnostic(.unusableStore, "the store \(path) cannot be used: \(reason)", help: help)
  }
}
