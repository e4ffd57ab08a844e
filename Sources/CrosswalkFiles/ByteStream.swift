package import CrosswalkModel
import Glibc

/// An input as one growing window of bytes: what has not been used is kept, the rest is read behind it, and 64 zero bytes stand
/// behind the end, as the readers want them.
package final class ByteStream {
  package static let chunk = 192 << 10
  package static let padding = 64

  package let source: InputSource
  package private(set) var base: UnsafeMutablePointer<UInt8>
  /// Bytes in the window.
  package private(set) var count = 0
  /// Where the unused bytes begin.
  package var position = 0
  /// Nothing comes behind the window.
  package private(set) var isLast = false
  /// The offset in the input of the window's first byte.
  package private(set) var offset = 0
  private var capacity: Int

  package init(_ source: InputSource) {
    self.source = source
    capacity = ByteStream.chunk + ByteStream.padding
    base = .allocate(capacity: capacity)
    base.initialize(repeating: 0, count: capacity)
  }

  deinit { base.deallocate() }

  package var unused: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base + position, count: count - position) }

  /// Moves the unused bytes to the front and reads more behind them: a chunk, or as much again as is held where that did not
  /// suffice. False at the end of the input.
  @discardableResult
  package func refill() throws(Diagnostic) -> Bool {
    guard !isLast else { return false }
    let held = count - position
    if position > 0 {
      memmove(base, base + position, held)
      offset += position
      position = 0
      count = held
    }
    let wanted = held * 2 > ByteStream.chunk ? held * 2 : ByteStream.chunk
    if wanted + ByteStream.padding > capacity {
      capacity = wanted + ByteStream.padding
      let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
      larger.update(from: base, count: held)
      base.deallocate()
      base = larger
    } else if wanted == ByteStream.chunk, capacity > 4 * ByteStream.chunk {
      // A large record has passed.
      capacity = ByteStream.chunk + ByteStream.padding
      let smaller = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
      smaller.update(from: base, count: held)
      base.deallocate()
      base = smaller
    }
    let got = try source.read(into: base + held, count: wanted - held)
    if got < wanted - held { isLast = true }
    count = held + got
    memset(base + count, 0, ByteStream.padding)
    return got > 0
  }

  /// Forgets what stands before the position plus `bytes`.
  package func skip(_ bytes: Int) { position += bytes }

  /// Puts bytes that were taken out back in front of what is unused.
  package func giveBack(_ bytes: [UInt8], at start: Int) {
    let rest = Array(unused)
    let total = bytes.count + rest.count
    if total + ByteStream.padding > capacity {
      capacity = total + ByteStream.padding
      base.deallocate()
      base = .allocate(capacity: capacity)
    }
    base.update(from: bytes, count: bytes.count)
    (base + bytes.count).update(from: rest, count: rest.count)
    memset(base + total, 0, ByteStream.padding)
    count = total
    position = 0
    offset = start
  }

  /// Replaces the whole input by other bytes (a document in another encoding, as UTF-8).
  package func replaceAll(by bytes: [UInt8]) {
    if bytes.count + ByteStream.padding > capacity {
      capacity = bytes.count + ByteStream.padding
      base.deallocate()
      base = .allocate(capacity: capacity)
    }
    for (i, byte) in bytes.enumerated() { base[i] = byte }
    count = bytes.count
    position = 0
    isLast = true
    memset(base + count, 0, ByteStream.padding)
  }
}
