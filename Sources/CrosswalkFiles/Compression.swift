import CZlib
import CZstd
import CrosswalkModel

/// How a file is compressed: gzip (RFC 1952) or Zstandard (RFC 8878). Read and written as streams; archives are not opened.
package enum Compression: Sendable {
  case gzip, zstandard

  /// What a file's name promises.
  package init?(ending path: String) {
    let name = path.lowercased()
    if name.hasSuffix(".gz") {
      self = .gzip
    } else if name.hasSuffix(".zst") {
      self = .zstandard
    } else {
      return nil
    }
  }

  /// What a file's first four bytes say. A Zstandard file may begin with a frame to be skipped.
  package init?(head: some Collection<UInt8>) {
    let head = Array(head.prefix(4))
    if head.starts(with: [0x1f, 0x8b]) {
      self = .gzip
    } else if head == [0x28, 0xb5, 0x2f, 0xfd] || head.count == 4 && head[0] & 0xf0 == 0x50 && head[1...] == [0x2a, 0x4d, 0x18] {
      self = .zstandard
    } else {
      return nil
    }
  }

  package var name: String {
    switch self {
    case .gzip: "gzip"
    case .zstandard: "zstd"
    }
  }
}

/// What goes wrong in compressed data, for whoever knows the file's name to say.
package enum CompressionError: Error, Equatable {
  case truncated
  /// The library's word for it.
  case damaged(String)
  /// More came out of the bytes than the limit on the ratio allows.
  case expandsTooMuch
  case outOfMemory
}

/// Inflates a stream: any number of gzip members or Zstandard frames, one behind the other.
final class Inflater {
  /// Compressed data says nothing about its size: until this much has come out, the ratio is not looked at.
  static let unjudged = 64 << 20
  private static let chunk = 64 << 10

  let maxRatio: Int
  private let kind: Compression
  private let zlib: UnsafeMutablePointer<z_stream>
  private let zstd: OpaquePointer?
  private let input: UnsafeMutablePointer<UInt8>
  private var used = 0
  private var held = 0
  private var inputEnded = false
  /// Stands between two members or frames, where the data may end.
  private var isBetween = true
  private var isAtEnd = false
  private var consumed = 0
  private var produced = 0

  init(_ kind: Compression, maxRatio: Int) throws(CompressionError) {
    self.kind = kind
    self.maxRatio = maxRatio
    zlib = .allocate(capacity: 1)
    zlib.initialize(to: z_stream())
    input = .allocate(capacity: Inflater.chunk)
    zstd = kind == .zstandard ? ZSTD_createDStream() : nil
    switch kind {
    case .gzip:
      // 15: the largest window; 16: with gzip's header and checksum.
      guard inflateInit2_(zlib, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { throw .outOfMemory }
    case .zstandard: guard zstd != nil else { throw .outOfMemory }
    }
  }

  deinit {
    if kind == .gzip { inflateEnd(zlib) }
    ZSTD_freeDStream(zstd)
    zlib.deallocate()
    input.deallocate()
  }

  /// Fills the memory, save at the end of the data. `refill` gives compressed bytes: how many, 0 at the end.
  func read(
    into memory: UnsafeMutablePointer<UInt8>, count: Int,
    refill: (UnsafeMutablePointer<UInt8>, Int) throws(Diagnostic) -> Int, says: (CompressionError) -> Diagnostic
  ) throws(Diagnostic) -> Int {
    var filled = 0
    while filled < count, !isAtEnd {
      if used == held, !inputEnded {
        held = try refill(input, Inflater.chunk)
        used = 0
        inputEnded = held == 0
      }
      let before = (filled, used)
      do throws(CompressionError) {
        switch kind {
        case .gzip: try inflateMembers(memory, &filled, count)
        case .zstandard: try inflateFrames(memory, &filled, count)
        }
        consumed += used - before.1
        produced += filled - before.0
        if produced > Inflater.unjudged, produced / maxRatio > consumed { throw .expandsTooMuch }
        if inputEnded, used == held, (filled, used) == before {
          guard isBetween else { throw .truncated }
          isAtEnd = true
        }
      } catch {
        throw says(error)
      }
    }
    return filled
  }

  private func inflateMembers(
    _ memory: UnsafeMutablePointer<UInt8>, _ filled: inout Int, _ count: Int
  ) throws(CompressionError) {
    if isBetween, consumed > 0 {
      // Padding with zeros stands behind the last member of files from tapes and block devices.
      while used < held, input[used] == 0 { used += 1 }
    }
    guard used < held || !isBetween else { return }
    isBetween = false
    zlib.pointee.next_in = input + used
    zlib.pointee.avail_in = UInt32(held - used)
    zlib.pointee.next_out = memory + filled
    zlib.pointee.avail_out = UInt32(clamping: count - filled)
    let room = Int(zlib.pointee.avail_out)
    let result = inflate(zlib, Z_NO_FLUSH)
    used = held - Int(zlib.pointee.avail_in)
    filled += room - Int(zlib.pointee.avail_out)
    switch result {
    case Z_OK, Z_BUF_ERROR: break
    case Z_STREAM_END:
      inflateReset(zlib)
      isBetween = true
    case Z_MEM_ERROR: throw .outOfMemory
    default: throw .damaged(zlib.pointee.msg.map { String(cString: $0) } ?? "error \(result)")
    }
  }

  private func inflateFrames(
    _ memory: UnsafeMutablePointer<UInt8>, _ filled: inout Int, _ count: Int
  ) throws(CompressionError) {
    guard used < held || !isBetween else { return }
    var from = ZSTD_inBuffer(src: input, size: held, pos: used)
    var to = ZSTD_outBuffer(dst: memory, size: count, pos: filled)
    let result = ZSTD_decompressStream(zstd, &to, &from)
    used = from.pos
    filled = to.pos
    guard ZSTD_isError(result) == 0 else { throw .damaged(String(cString: ZSTD_getErrorName(result))) }
    isBetween = result == 0
  }
}

/// Compresses a stream. The bytes that come out depend on those that went in, not on how they were divided.
final class Deflater {
  private static let chunk = 128 << 10

  private let kind: Compression
  private let zlib: UnsafeMutablePointer<z_stream>
  private let zstd: OpaquePointer?
  private let output: UnsafeMutablePointer<UInt8>
  /// What has been handed in is gathered, so that the libraries see the same pieces however they came.
  private let input: UnsafeMutablePointer<UInt8>
  private var held = 0

  init(_ kind: Compression) throws(CompressionError) {
    self.kind = kind
    zlib = .allocate(capacity: 1)
    zlib.initialize(to: z_stream())
    output = .allocate(capacity: Deflater.chunk)
    input = .allocate(capacity: Deflater.chunk)
    zstd = kind == .zstandard ? ZSTD_createCStream() : nil
    switch kind {
    case .gzip:
      let result = deflateInit2_(
        zlib, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
      guard result == Z_OK else { throw .outOfMemory }
    case .zstandard:
      guard zstd != nil else { throw .outOfMemory }
      ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1)
    }
  }

  deinit {
    if kind == .gzip { deflateEnd(zlib) }
    ZSTD_freeCStream(zstd)
    zlib.deallocate()
    output.deallocate()
    input.deallocate()
  }

  /// Takes bytes in; `write` gets what is ready.
  func take(
    _ bytes: UnsafeRawBufferPointer, write: (UnsafeRawBufferPointer) throws(Diagnostic) -> Void
  ) throws(Diagnostic) {
    var rest = bytes
    while !rest.isEmpty {
      let count = min(rest.count, Deflater.chunk - held)
      UnsafeMutableRawPointer(input + held).copyMemory(from: rest.baseAddress!, byteCount: count)
      held += count
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      if held == Deflater.chunk { try pass(isLast: false, write) }
    }
  }

  /// The end of the data.
  func finish(write: (UnsafeRawBufferPointer) throws(Diagnostic) -> Void) throws(Diagnostic) { try pass(isLast: true, write) }

  private func pass(isLast: Bool, _ write: (UnsafeRawBufferPointer) throws(Diagnostic) -> Void) throws(Diagnostic) {
    var used = 0
    while true {
      var ready = 0
      var isDone = false
      switch kind {
      case .gzip:
        zlib.pointee.next_in = input + used
        zlib.pointee.avail_in = UInt32(held - used)
        zlib.pointee.next_out = output
        zlib.pointee.avail_out = UInt32(Deflater.chunk)
        let result = deflate(zlib, isLast ? Z_FINISH : Z_NO_FLUSH)
        used = held - Int(zlib.pointee.avail_in)
        ready = Deflater.chunk - Int(zlib.pointee.avail_out)
        isDone = isLast ? result == Z_STREAM_END : used == held && zlib.pointee.avail_out > 0
      case .zstandard:
        var from = ZSTD_inBuffer(src: input, size: held, pos: used)
        var to = ZSTD_outBuffer(dst: output, size: Deflater.chunk, pos: 0)
        let left = ZSTD_compressStream2(zstd, &to, &from, isLast ? ZSTD_e_end : ZSTD_e_continue)
        used = from.pos
        ready = to.pos
        isDone = isLast ? left == 0 : used == held
        if ZSTD_isError(left) != 0 { isDone = true }
      }
      if ready > 0 { try write(UnsafeRawBufferPointer(start: output, count: ready)) }
      if isDone { break }
    }
    held = 0
  }
}
