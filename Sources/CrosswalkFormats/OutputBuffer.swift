import CSimd
import Glibc

/// Bytes on their way out: grows, is emptied and used again. The caller reserves before it writes through `base`.
package struct OutputBuffer: ~Copyable {
  package private(set) var base: UnsafeMutablePointer<UInt8>
  package var count = 0
  /// Leaves of records that writers put here: their side of the books (SEMANTICS S4).
  package var leaves = 0
  package private(set) var capacity: Int

  package init(capacity: Int = 4096) {
    self.capacity = capacity
    base = .allocate(capacity: capacity)
  }

  deinit { base.deallocate() }

  /// Room for `extra` more bytes and the 64 that the copying loops may touch behind them.
  @inlinable
  package mutating func reserve(_ extra: Int) {
    if count + extra + 64 > capacity { grow(extra) }
  }

  package mutating func grow(_ extra: Int) {
    let wanted = max(capacity * 2, count + extra + 64)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
    larger.update(from: base, count: count)
    base.deallocate()
    base = larger
    capacity = wanted
  }

  package mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count)
    memcpy(base + count, source, bytes.count)
    count += bytes.count
  }

  /// Bytes behind which 32 more may be read.
  package mutating func append(_ source: UnsafePointer<UInt8>, paddedCount count: Int) {
    reserve(count)
    cw_copy(base + self.count, source, count)
    self.count += count
  }

  package mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBufferPointer { append($0) } }

  package mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append($0) }
  }

  package mutating func append(_ byte: UInt8) {
    reserve(1)
    base[count] = byte
    count += 1
  }

  /// A decimal number.
  package mutating func append(number: Int) { append(String(number)) }

  package mutating func removeAll() {
    count = 0
    leaves = 0
  }

  /// Gives memory back after a large record.
  package mutating func shrink(to size: Int) {
    guard capacity > size, count == 0 else { return }
    base.deallocate()
    base = .allocate(capacity: size)
    capacity = size
  }

  package var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }
}
