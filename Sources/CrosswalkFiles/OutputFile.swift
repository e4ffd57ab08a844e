package import CrosswalkModel
import Glibc

/// A file that appears under its name complete or not at all (DESIGN section 8): written under a temporary name in the same
/// folder, synced, renamed.
///
/// A name that ends in `.gz` or `.zst` has its content compressed. What is no regular file (`/dev/null`, a FIFO) and standard output are written as they come. A link is followed: its
/// target is replaced. Owned by one thread at a time.
package final class OutputFile {
  /// As messages call it: the path as it was given, or `-`.
  package let name: String
  private let way: Way
  private let isPrivate: Bool
  private let mayReplace: Bool
  private var descriptor: Int32 = -1
  private var temporary: TemporaryFiles.Name?
  private let compression: Compression?
  private var deflater: Deflater?

  private enum Way {
    case standardOutput
    /// Opened as it is.
    case direct(String)
    /// The final path, links followed; whether something stood there when the run began, and its mode.
    case renamed(String, existingMode: mode_t?)
    /// No file at all: a program takes the bytes.
    case handed((UnsafeRawBufferPointer) throws(Diagnostic) -> Void)
  }

  /// Everything that would be written is handed over, piece by piece.
  package init(handingTo take: @escaping (UnsafeRawBufferPointer) throws(Diagnostic) -> Void) {
    name = "-"
    way = .handed(take)
    compression = nil
    isPrivate = false
    mayReplace = false
  }

  /// Looks, and writes nothing yet. `isPrivate` gives it mode 0600: side files hold people's data.
  package init(_ output: OutputPlace, isPrivate: Bool = false, force: Bool) throws(Diagnostic) {
    self.isPrivate = isPrivate
    mayReplace = force
    guard case .file(let path) = output, path != "/dev/stdout" else {
      name = "-"
      compression = nil
      way = .standardOutput
      return
    }
    name = path
    compression = Compression(ending: path)
    guard !path.isEmpty else { throw OutputFile.cannotWrite(path, systemError(ENOENT)) }
    var status = stat()
    if stat(path, &status) == 0 {
      switch status.st_mode & S_IFMT {
      case S_IFDIR: throw OutputFile.isFolder(path)
      case S_IFREG:
        guard force else { throw OutputFile.exists(path) }
        way = .renamed(try OutputFile.target(of: path), existingMode: status.st_mode & 0o7777)
      default: way = .direct(path)
      }
    } else {
      guard errno == ENOENT else { throw OutputFile.cannotWrite(path, lastSystemError()) }
      let target = try OutputFile.target(of: path)
      let folder = splitPath(target).folder
      guard access(folder.isEmpty ? "." : folder, W_OK | X_OK) == 0 else {
        throw OutputFile.noFolder(path, folder, lastSystemError())
      }
      way = .renamed(target, existingMode: nil)
    }
  }

  deinit { discard() }

  /// What stands under its name now, to compare with the inputs; nil when nothing, or nothing regular.
  package var identity: InputSource.Identity? {
    var status = stat()
    switch way {
    case .standardOutput: guard fstat(STDOUT_FILENO, &status) == 0 else { return nil }
    case .direct, .handed: return nil
    case .renamed(let path, _): guard stat(path, &status) == 0 else { return nil }
    }
    return status.st_mode & S_IFMT == S_IFREG ? InputSource.Identity(status) : nil
  }

  /// The final path with its links followed; nil when it is not a file that is renamed. Two outputs with one path are one file.
  package var finalPath: String? {
    guard case .renamed(let path, _) = way else { return nil }
    let (folder, name) = splitPath(path)
    guard let real = realpath(folder.isEmpty ? "." : folder, nil) else { return path }
    defer { free(real) }
    return String(cString: real) + "/" + name
  }

  /// Where temporary files may stand: the folder of the file, or the system's.
  package var folder: String {
    if case .renamed(let path, _) = way { return splitPath(path).folder }
    return TemporaryFolder.path
  }

  package var isStandardOutput: Bool { if case .standardOutput = way { true } else { false } }

  /// Creates the file; the first `write` does it too.
  package func open() throws(Diagnostic) {
    guard descriptor < 0 else { return }
    if let compression {
      do throws(CompressionError) { deflater = try Deflater(compression) } catch {
        throw OutputFile.cannotWrite(name, systemError(ENOMEM))
      }
    }
    switch way {
    case .handed: return
    case .standardOutput: descriptor = STDOUT_FILENO
    case .direct(let path): descriptor = uninterrupted { Glibc.open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY) }
    case .renamed(let path, let existingMode):
      let mode: mode_t = isPrivate ? 0o600 : 0o666
      for _ in 0..<100 {
        let candidate = TemporaryFiles.Name(beside: path)
        descriptor = uninterrupted {
          Glibc.open(candidate.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        }
        if descriptor >= 0 {
          temporary = candidate
          break
        }
        candidate.forget()
        guard errno == EEXIST else { break }
      }
      if descriptor >= 0 { fchmod(descriptor, isPrivate ? 0o600 : existingMode ?? OutputFile.newFileMode) }
    }
    guard descriptor >= 0 else { throw OutputFile.cannotWrite(name, lastSystemError()) }
  }

  /// Appends. A closed pipe is `closedOutput`, anything else that goes wrong `unwritableOutput`.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(Diagnostic) {
    if case .handed(let take) = way {
      return try take(bytes)
    }
    try open()
    if let deflater { try deflater.take(bytes, write: writeThrough) } else { try writeThrough(bytes) }
  }

  /// To the file as it is.
  private func writeThrough(_ bytes: UnsafeRawBufferPointer) throws(Diagnostic) {
    guard var next = bytes.baseAddress else { return }
    var left = bytes.count
    while left > 0 {
      let count = uninterrupted { Glibc.write(descriptor, next, left) }
      if count < 0 {
        if errno == EAGAIN {
          var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          _ = uninterrupted { poll(&wait, 1, -1) }
          continue
        }
        throw errno == EPIPE ? OutputFile.closed(name) : OutputFile.cannotWrite(name, lastSystemError())
      }
      next += count
      left -= count
    }
  }

  package func write(_ bytes: [UInt8]) throws(Diagnostic) {
    var failure: Diagnostic?
    bytes.withUnsafeBytes { buffer in
      do throws(Diagnostic) { try write(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Everything is on the disk, under the temporary name. An output that nothing was written to becomes an empty file only
  /// when `isNeeded`, or when an older file stands under its name, which would otherwise pass for this run's.
  package func finish(isNeeded: Bool = true) throws(Diagnostic) {
    var replacesOlder = false
    if case .renamed(_, let mode) = way { replacesOlder = mode != nil }
    if isNeeded || replacesOlder { try open() }
    try deflater?.finish(write: writeThrough)
    deflater = nil
    guard descriptor >= 0, temporary != nil else { return }
    guard uninterrupted({ fsync(descriptor) }) == 0 else { throw OutputFile.cannotWrite(name, lastSystemError()) }
  }

  /// Writes a whole text and gives the file its name; nothing is left of it after an error.
  package func complete(with text: String) throws(Diagnostic) {
    do throws(Diagnostic) {
      try write(Array(text.utf8))
      try finish()
      try publish()
    } catch {
      discard()
      throw error
    }
  }

  /// The file gets its name. Call `finish` for every file of the run first, then this, the main output last.
  package func publish() throws(Diagnostic) {
    guard case .renamed(let path, _) = way, let temporary else {
      try closeDirect()
      return
    }
    let result =
      mayReplace
      ? rename(temporary.path, path)
      : renameWithoutReplacing(temporary.path, path)
    guard result == 0 else {
      throw errno == EEXIST ? OutputFile.exists(name) : OutputFile.cannotWrite(name, lastSystemError())
    }
    temporary.forget()
    self.temporary = nil
    close(descriptor)
    descriptor = -1
    let folder = Glibc.open(
      splitPath(path).folder.isEmpty ? "." : splitPath(path).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }

  /// Nothing of it stays. Harmless after `publish`.
  package func discard() {
    if let temporary {
      unlink(temporary.path)
      temporary.forget()
      self.temporary = nil
    }
    if descriptor > STDERR_FILENO { close(descriptor) }
    descriptor = -1
  }

  /// A file system may tell of a failed write only when the file is closed.
  private func closeDirect() throws(Diagnostic) {
    guard descriptor > STDERR_FILENO else { return }
    let result = close(descriptor)
    let number = errno
    descriptor = -1
    guard result == 0 || number == EINTR else { throw OutputFile.cannotWrite(name, systemError(number)) }
  }

  /// Refuses to replace what another process has put there in the meantime.
  private func renameWithoutReplacing(_ from: String, _ to: String) -> Int32 {
    if link(from, to) == 0 { return unlink(from) }
    guard errno != EEXIST else { return -1 }
    // Not every file system has hard links.
    if access(to, F_OK) == 0 {
      errno = EEXIST
      return -1
    }
    return rename(from, to)
  }

  private static let newFileMode: mode_t = {
    let mask = umask(0)
    umask(mask)
    return 0o666 & ~mask
  }()

  /// Follows links, also to what does not exist yet.
  private static func target(of path: String) throws(Diagnostic) -> String {
    var path = path
    for _ in 0..<40 {
      var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX) + 1)
      let count = buffer.withUnsafeMutableBytes { bytes in
        readlink(path, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), Int(PATH_MAX))
      }
      guard count > 0 else { return path }
      guard let link = String(validating: buffer[..<count], as: UTF8.self) else {
        throw cannotWrite(path, systemError(EILSEQ))
      }
      let folder = splitPath(path).folder
      path = link.hasPrefix("/") || folder.isEmpty ? link : folder == "/" ? "/" + link : folder + "/" + link
    }
    throw cannotWrite(path, systemError(ELOOP))
  }
}

extension OutputFile {
  /// What must hold between the files of a run before anything is read: none of them is an input, no two are one.
  package static func check(_ outputs: [OutputFile], against inputs: [InputSource.Identity: String]) throws(Diagnostic)
  {
    var paths: [String: String] = [:]
    for output in outputs {
      if let identity = output.identity, let input = inputs[identity] { throw isInput(output.name, input) }
      if let path = output.finalPath, let other = paths.updateValue(output.name, forKey: path) {
        throw isOutputTwice(output.name, other)
      }
    }
  }
}

/// The temporary files that are there now, for a signal handler to remove: it may neither allocate nor lock, so the names
/// stand in a fixed table of C strings.
package enum TemporaryFiles {
  private static let slots = 64
  private nonisolated(unsafe) static let table: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = {
    let table = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: slots)
    table.initialize(repeating: nil, count: slots)
    return table
  }()

  /// Who adds and removes names holds it; the signal handler only reads.
  private nonisolated(unsafe) static let lock: UnsafeMutablePointer<pthread_mutex_t> = {
    let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    return lock
  }()

  /// A temporary name in the folder of a file, listed until it is forgotten.
  struct Name {
    let path: String
    private let slot: Int?

    init(beside final: String) {
      let folder = splitPath(final).folder
      let prefix = folder.isEmpty ? "" : folder == "/" ? "/" : folder + "/"
      path = prefix + ".crosswalk-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).tmp"
      // A program may have several runs going.
      pthread_mutex_lock(TemporaryFiles.lock)
      defer { pthread_mutex_unlock(TemporaryFiles.lock) }
      slot = (0..<TemporaryFiles.slots).first { TemporaryFiles.table[$0] == nil }
      if let slot { TemporaryFiles.table[slot] = strdup(path) }
    }

    /// The string is not freed: a handler may be reading it. There are two or three in a run.
    func forget() {
      guard let slot else { return }
      pthread_mutex_lock(TemporaryFiles.lock)
      TemporaryFiles.table[slot] = nil
      pthread_mutex_unlock(TemporaryFiles.lock)
    }
  }

  /// SIGINT, SIGTERM and SIGHUP end the process with 128 + their number, and no temporary file stays. Also ignores SIGPIPE, so
  /// that a closed pipe is an error of `write`. For a command's main, before the first file.
  package static func removeOnSignals() {
    signal(SIGPIPE, SIG_IGN)
    _ = table
    // A parent that blocks signals on its thread, as Dispatch's workers do, hands the mask down.
    var ending = sigset_t()
    sigemptyset(&ending)
    for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&ending, number) }
    pthread_sigmask(SIG_UNBLOCK, &ending, nil)
    signal(SIGINT, endBySignal)
    signal(SIGTERM, endBySignal)
    var action = sigaction()
    sigaction(SIGHUP, nil, &action)
    // A command under `nohup`, where it is ignored, goes on.
    if unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) != 1 { signal(SIGHUP, endBySignal) }
  }

  fileprivate static func removeAll() {
    for slot in 0..<slots { if let name = table[slot] { unlink(name) } }
  }
}

private func endBySignal(_ number: Int32) {
  TemporaryFiles.removeAll()
  _exit(128 + number)
}

// MARK: - Messages

extension OutputFile {
  private static func exists(_ path: String) -> Diagnostic {
    Diagnostic(.outputExists, "`\(path)` exists already", help: "`--force` replaces it")
  }

  private static func isFolder(_ path: String) -> Diagnostic {
    Diagnostic(.unwritableOutput, "`\(path)` is a folder", help: "name a file in it")
  }

  private static func cannotWrite(_ path: String, _ reason: String) -> Diagnostic {
    Diagnostic(.unwritableOutput, "\(path == "-" ? "standard output" : "`\(path)`") cannot be written: \(reason)")
  }

  private static func noFolder(_ path: String, _ folder: String, _ reason: String) -> Diagnostic {
    var help: String?
    if access(folder.isEmpty ? "." : folder, F_OK) != 0 {
      help = InputSource.nearestFile(to: folder) ?? "create the folder `\(folder)` first"
    }
    return Diagnostic(.unwritableOutput, "`\(path)` cannot be written: \(reason)", help: help)
  }

  private static func closed(_ path: String) -> Diagnostic {
    Diagnostic(.closedOutput, "\(path == "-" ? "standard output" : "`\(path)`") was closed by its reader")
  }

  private static func isInput(_ path: String, _ input: String) -> Diagnostic {
    Diagnostic(
      .sameFile,
      path == "-"
        ? "standard output goes to the input `\(input)`"
        : "`\(path)` is also \(input == path ? "an input" : "the input `\(input)`")",
      help: "write to another file; it can be renamed afterwards")
  }

  private static func isOutputTwice(_ path: String, _ other: String) -> Diagnostic {
    Diagnostic(
      .sameFile, path == other ? "`\(path)` is written twice" : "`\(path)` and `\(other)` are one file",
      help: "give each output its own name")
  }
}
