package import CrosswalkModel
import Glibc

/// The bytes of one input, from first to last.
package final class InputSource {
  /// As messages call it: the path, or `-`.
  package let name: String
  /// nil when it is a stream (pipe, terminal, device).
  package let size: Int?
  /// Bytes given out by `read`.
  package private(set) var offset = 0
  private let descriptor: Int32
  /// What `head` has read ahead, or the whole of an input in memory; `read` gives it out first.
  private var ahead: [UInt8] = []
  private var reachedEnd = false
  /// The first bytes as they stand in the file, read to see whether it is compressed.
  private var start: ArraySlice<UInt8> = []
  private var fileEnded = false
  private var inflater: Inflater?

  /// Opens; a folder and a missing file are refused. Looks at the first bytes: gzip and zstd are inflated as they are read, and all
  /// offsets count the bytes that come out; a workbook or an archive is refused with how to convert it.
  package init(_ input: InputPlace, limits: Limits = Limits()) throws(Diagnostic) {
    name = input.name
    switch input {
    case .standardInput: descriptor = dup(STDIN_FILENO)
    case .file(let path): descriptor = uninterrupted { open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) }
    case .bytes(let bytes, _):
      descriptor = -1
      let isCompressed = Compression(head: bytes.prefix(4)) != nil
      size = isCompressed ? nil : bytes.count
      start = isCompressed ? bytes[...] : []
      ahead = isCompressed ? [] : bytes
      fileEnded = true
      reachedEnd = !isCompressed
      try look(limits)
      return
    }
    guard descriptor >= 0 else { throw InputSource.cannotOpen(input, errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let number = errno
      close(descriptor)
      throw InputSource.cannotRead(input.name, systemError(number))
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      close(descriptor)
      throw InputSource.isFolder(input.name)
    }
    let isRegular = status.st_mode & S_IFMT == S_IFREG
    var first: [UInt8] = []
    let file = descriptor
    while first.count < 4 {
      var bytes = [UInt8](repeating: 0, count: 4 - first.count)
      let got = bytes.withUnsafeMutableBytes { bytes in uninterrupted { Glibc.read(file, bytes.baseAddress!, bytes.count) } }
      guard got >= 0 else {
        let reason = lastSystemError()
        close(descriptor)
        throw InputSource.cannotRead(input.name, reason)
      }
      if got == 0 { break }
      first += bytes[..<got]
    }
    start = first[...]
    size = isRegular && Compression(head: first) == nil ? Int(status.st_size) : nil
    if isRegular { posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
    try look(limits)
  }

  private func look(_ limits: Limits) throws(Diagnostic) {
    if let compression = Compression(head: start) {
      do throws(CompressionError) { inflater = try Inflater(compression, maxRatio: limits.ratio) } catch {
        throw damaged(error, limits.ratio)
      }
    }
    if let kind = ForeignFile(try head(4096), name: name) { throw InputSource.isForeign(name, kind) }
  }

  /// What stands in the file itself: fewer than `count` does not mean its end, 0 does.
  private func readFile(into memory: UnsafeMutablePointer<UInt8>, count: Int) throws(Diagnostic) -> Int {
    if !start.isEmpty {
      let first = min(start.count, count)
      for (index, byte) in start.prefix(first).enumerated() { memory[index] = byte }
      start = start.dropFirst(first)
      return first
    }
    guard !fileEnded else { return 0 }
    let got = uninterrupted { Glibc.read(descriptor, memory, count) }
    guard got >= 0 else { throw InputSource.cannotRead(name, lastSystemError()) }
    if got == 0 { fileEnded = true }
    return got
  }

  /// Content, inflated where need be; 0 is its end.
  private func readContent(into memory: UnsafeMutablePointer<UInt8>, count: Int) throws(Diagnostic) -> Int {
    guard let inflater else { return try readFile(into: memory, count: count) }
    return try inflater.read(into: memory, count: count, refill: readFile(into:count:)) { damaged($0, inflater.maxRatio) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// The first bytes (fewer only when the input is shorter), which `read` will still give.
  package func head(_ count: Int) throws(Diagnostic) -> [UInt8] {
    precondition(offset == 0, "the head is gone once something was read")
    while ahead.count < count, !reachedEnd {
      let chunk = UnsafeMutablePointer<UInt8>.allocate(capacity: count - ahead.count)
      defer { chunk.deallocate() }
      let got = try readContent(into: chunk, count: count - ahead.count)
      if got == 0 { reachedEnd = true }
      ahead += UnsafeBufferPointer(start: chunk, count: got)
    }
    return Array(ahead.prefix(count))
  }

  /// Fills the memory, save at the end of the input: fewer than `count` means that there is no more. Ask for 256 KiB.
  package func read(into memory: UnsafeMutablePointer<UInt8>, count: Int) throws(Diagnostic) -> Int {
    // Nothing of it is given out twice: what `read` has given, it has given from here as long as it lasted.
    var filled = max(0, min(ahead.count - offset, count))
    if filled > 0 {
      ahead.withUnsafeBufferPointer { memory.update(from: $0.baseAddress! + offset, count: filled) }
      if offset + filled == ahead.count { ahead = [] }
    }
    while filled < count, !reachedEnd {
      let got = try readContent(into: memory + filled, count: count - filled)
      if got == 0 { reachedEnd = true }
      filled += got
    }
    offset += filled
    return filled
  }

  /// Whether two opened or named files are one.
  package struct Identity: Hashable {
    var device: UInt
    var number: UInt

    init(_ status: stat) {
      device = UInt(status.st_dev)
      number = UInt(status.st_ino)
    }
  }
}

extension InputSource {
  /// What can be said before anything is read or written: each file is there, is no folder and may be read, `-` stands once
  /// and is no terminal. Gives the files' identities and, when all of them are regular files, their size.
  package static func check(
    _ inputs: [InputPlace]
  ) throws(Diagnostic) -> (identities: [Identity: String], totalBytes: Int?) {
    guard inputs.filter({ $0 == .standardInput }).count <= 1 else { throw standardInputTwice() }
    var identities: [Identity: String] = [:]
    var total: Int? = 0
    for input in inputs {
      var status = stat()
      switch input {
      case .standardInput:
        guard isatty(STDIN_FILENO) == 0 else { throw noInput() }
        guard fstat(STDIN_FILENO, &status) == 0 else { throw cannotRead("-", lastSystemError()) }
      case .file(let path):
        guard stat(path, &status) == 0 else { throw cannotOpen(input, errno) }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw isFolder(path) }
        guard access(path, R_OK) == 0 else { throw cannotRead(path, lastSystemError()) }
      case .bytes(let bytes, _):
        total = Compression(head: bytes.prefix(4)) == nil ? total.map { $0 + bytes.count } : nil
        continue
      }
      if status.st_mode & S_IFMT == S_IFREG {
        identities[Identity(status)] = input.name
        // How much comes out of a compressed file nobody knows.
        total = Compression(ending: input.name) == nil ? total.map { $0 + Int(status.st_size) } : nil
      } else {
        total = nil
      }
    }
    return (identities, total)
  }
}

/// A file that is not text and that people send all the same.
enum ForeignFile {
  case workbook, oldWorkbook, zip, compressed

  init?(_ head: [UInt8], name: String) {
    func starts(_ bytes: [UInt8]) -> Bool { head.starts(with: bytes) }
    if starts([0x50, 0x4b, 3, 4]) || starts([0x50, 0x4b, 5, 6]) {
      let isWorkbook =
        name.lowercased().hasSuffix(".xlsx") || head.contains(sequence: "[Content_Types].xml")
        || head.contains(sequence: "xl/")
      self = isWorkbook ? .workbook : .zip
    } else if starts([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
      self = .oldWorkbook
    } else if Compression(head: head.prefix(4)) != nil {
      // What came out of a compressed file is compressed again.
      self = .compressed
    } else {
      return nil
    }
  }
}

extension [UInt8] {
  fileprivate func contains(sequence text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard count >= wanted.count else { return false }
    return (0...(count - wanted.count)).contains { self[$0...].starts(with: wanted) }
  }
}

// MARK: - Messages

extension InputSource {
  package static func cannotOpen(_ input: InputPlace, _ number: Int32) -> Diagnostic {
    guard number == ENOENT || number == ENOTDIR, case .file(let path) = input else {
      return cannotRead(input.name, systemError(number))
    }
    return Diagnostic(.missingInput, "there is no file `\(path)`", help: nearestFile(to: path))
  }

  /// "did you mean …?", with the nearest name of the same folder, or what is wrong with the folder.
  package static func nearestFile(to path: String) -> String? {
    let (folder, name) = splitPath(path)
    guard let entries = opendir(folder.isEmpty ? "." : folder) else {
      return folder.isEmpty ? nil : "there is no folder `\(folder)` either"
    }
    defer { closedir(entries) }
    var names: [String] = []
    while let entry = readdir(entries), names.count < 10_000 {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let name, name != ".", name != ".." { names.append(name) }
    }
    guard let nearest = nearestName(to: name, among: names.sorted()) else { return nil }
    return "did you mean `\(folder.isEmpty ? "" : folder.hasSuffix("/") ? folder : folder + "/")\(nearest)`?"
  }

  package static func cannotRead(_ name: String, _ reason: String) -> Diagnostic {
    Diagnostic(.unreadableInput, "`\(name)` cannot be read: \(reason)")
  }

  private static func isFolder(_ path: String) -> Diagnostic {
    Diagnostic(
      .unreadableInput, "`\(path)` is a folder",
      help: "name its files, for example \(path.hasSuffix("/") ? path : path + "/")*.json")
  }

  private static func standardInputTwice() -> Diagnostic {
    Diagnostic(.saidTwice, "standard input (`-`) is named more than once", help: "it can be read only once")
  }

  private static func noInput() -> Diagnostic {
    Diagnostic(
      .noInput, "no FILE, and standard input is a terminal",
      help: "name a file, or send one: `crosswalk convert --from SYSTEM --to SYSTEM < FILE`")
  }

  private static func isForeign(_ name: String, _ kind: ForeignFile) -> Diagnostic {
    let file = name == "-" ? "standard input" : "`\(name)`"
    let path = name == "-" ? "FILE" : name
    return switch kind {
    case .workbook, .oldWorkbook:
      Diagnostic(
        .foreignFile, "\(file) is a spreadsheet workbook (\(kind == .workbook ? ".xlsx" : ".xls")), not text",
        help: "open it in the spreadsheet program, save the sheet as \"CSV UTF-8\", and convert that file")
    case .zip:
      Diagnostic(
        .foreignFile, "\(file) is a zip archive", help: "unpack it (`unzip \(path)`) and convert the files in it")
    case .compressed:
      Diagnostic(
        .foreignFile, "\(file) is compressed twice",
        help: "unpack it once: `zcat \(path) | crosswalk convert …`, or `zstdcat` for zstd")
    }
  }

  private func damaged(_ error: CompressionError, _ ratio: Int) -> Diagnostic {
    let file = name == "-" ? "standard input" : "`\(name)`"
    let help = "fetch or compress it again; `\(Compression(ending: name) == .zstandard ? "zstd" : "gzip") -t` says whether it is whole"
    return switch error {
    case .truncated: Diagnostic(.damagedCompression, "\(file) ends in the middle of its compressed data", help: help)
    case .damaged(let reason): Diagnostic(.damagedCompression, "\(file) is not well compressed: \(reason)", help: help)
    case .expandsTooMuch:
      Diagnostic(
        .damagedCompression, "more than \(ratio) bytes come out of each compressed byte of \(file)",
        help: "a file made to fill disks does that; when yours is not one, raise `--max-ratio`")
    case .outOfMemory: Diagnostic(.damagedCompression, "there is no memory to inflate \(file)")
    }
  }
}

/// The folder (empty for none, with its last slash gone unless it is the root) and the last component.
package func splitPath(_ path: String) -> (folder: String, name: String) {
  guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
  let folder = path[..<slash]
  return (folder.isEmpty ? "/" : String(folder), String(path[path.utf8.index(after: slash)...]))
}
