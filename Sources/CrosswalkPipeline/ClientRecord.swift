import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// One canonical client as bytes, in one allocation: no string is made before somebody asks for one.
///
/// Layout: the number of values (UInt16); per value, in ascending order of fields, 8 bytes: field (UInt16), kind (UInt8), 0, the
/// end of its text (UInt32, from the first text's beginning); then the texts, decoded UTF-8 without gaps. Only this process
/// reads it, so integers are in its own byte order.
struct ClientRecord: Sendable {
  let bytes: [UInt8]
  let names: ClientNames

  static let head = 2
  static let entry = 8

  struct Value {
    var kind: Kind
    var text: Range<Int>
  }

  var count: Int { Int(bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt16.self) }) }

  /// The field and the value of an entry.
  func entry(_ index: Int, of count: Int) -> (field: UInt16, value: Value) {
    let texts = ClientRecord.head + count * ClientRecord.entry
    return bytes.withUnsafeBytes { bytes in
      let at = ClientRecord.head + index * ClientRecord.entry
      let start =
        index == 0 ? 0 : Int(bytes.loadUnaligned(fromByteOffset: at - ClientRecord.entry + 4, as: UInt32.self))
      let end = Int(bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self))
      return (
        bytes.loadUnaligned(fromByteOffset: at, as: UInt16.self),
        Value(kind: Kind(rawValue: bytes[at + 2]) ?? .absent, text: (texts + start)..<(texts + end))
      )
    }
  }

  /// nil where it is absent.
  func value(_ field: UInt16) -> Value? {
    let count = count
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      let found = entry(middle, of: count)
      if found.field == field { return found.value }
      if found.field < field { low = middle + 1 } else { high = middle }
    }
    return nil
  }

  func text(_ field: ClientField) -> String? { text(field.rawValue) }

  /// The literal: text, a number's characters, `true`, `false`. nil where it is absent or null.
  func text(_ field: UInt16) -> String? {
    guard let value = value(field) else { return nil }
    switch value.kind {
    case .absent, .null: return nil
    case .true: return "true"
    case .false: return "false"
    // The readers let no invalid UTF-8 through.
    case .text, .number, .emptyObject, .emptyArray, .subtree: return String(decoding: bytes[value.text], as: UTF8.self)
    }
  }

  func integer(_ field: ClientField) -> Int? {
    guard let value = value(field.rawValue), value.kind == .number || value.kind == .text else { return nil }
    var digits = bytes[value.text]
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative { digits.removeFirst() }
    guard !digits.isEmpty else { return nil }
    var number = 0
    for byte in digits {
      guard (0x30...0x39).contains(byte) else { return nil }
      let (product, overflows) = number.multipliedReportingOverflow(by: 10)
      let (sum, overflowsToo) = product.subtractingReportingOverflow(Int(byte - 0x30))
      guard !overflows, !overflowsToo else { return nil }
      number = sum
    }
    return isNegative ? number : number == .min ? nil : -number
  }

  func boolean(_ field: ClientField) -> Bool? {
    guard let value = value(field.rawValue) else { return nil }
    switch value.kind {
    case .true: return true
    case .false: return false
    case .text:
      if bytes[value.text].elementsEqual("true".utf8) { return true }
      return bytes[value.text].elementsEqual("false".utf8) ? false : nil
    case .absent, .null, .number, .emptyObject, .emptyArray, .subtree: return nil
    }
  }
}

/// Writes canonical records as `ClientRecord`s, each after its length (UInt32).
final class ClientWriter: RecordWriter {
  let opening: [UInt8] = []
  let separator: [UInt8] = []
  let closing: [UInt8] = []
  let empty: [UInt8] = []
  /// By field.
  private let leaves: [(register: Int, field: UInt16)]

  init(plan: Plan, names: ClientNames) {
    leaves = plan.targetLeaves.compactMap { target -> (register: Int, field: UInt16)? in
      let leaf = target.leaf
      if leaf.field < 0 { return (leaf.register, leaf.name == "system" ? ClientNames.system : ClientNames.native) }
      return names.number(of: leaf.name).map { (leaf.register, $0) }
    }.sorted { $0.field < $1.field }
  }

  func write(_ frame: Frame, extras: [OutputExtra], into out: inout OutputBuffer) throws(FormatError) {
    let slots = frame.slots
    let start = out.count
    let entries = start + 4 + ClientRecord.head
    let room = leaves.count * ClientRecord.entry
    out.reserve(entries - start + room)
    // The texts go behind the room for all entries first, and are moved up to the last one in the end.
    out.count = entries + room
    var count = 0
    for leaf in leaves {
      let slot = slots[leaf.register]
      switch slot.kind {
      case .absent, .emptyObject, .emptyArray: continue
      case .null, .true, .false: break
      case .text: out.append(frame.text(slot))
      case .number, .subtree: out.append(frame.raw(slot))
      }
      let entry = UnsafeMutableRawPointer(out.base + entries + count * ClientRecord.entry)
      entry.storeBytes(of: leaf.field, as: UInt16.self)
      entry.storeBytes(of: UInt16(slot.kind.rawValue).littleEndian, toByteOffset: 2, as: UInt16.self)
      entry.storeBytes(of: UInt32(out.count - entries - room), toByteOffset: 4, as: UInt32.self)
      count += 1
    }
    let texts = out.count - entries - room
    let used = count * ClientRecord.entry
    UnsafeMutableRawPointer(out.base + entries + used).copyMemory(from: out.base + entries + room, byteCount: texts)
    out.count = entries + used + texts
    UnsafeMutableRawPointer(out.base + start).storeBytes(of: UInt32(out.count - start - 4), as: UInt32.self)
    UnsafeMutableRawPointer(out.base + start + 4).storeBytes(of: UInt16(count), as: UInt16.self)
  }

  /// The records of a piece of output; the closure's error ends it.
  static func forEach(
    in bytes: UnsafeRawBufferPointer, names: ClientNames, _ body: (Client) throws -> Void
  ) throws {
    var at = 0
    while let client = next(in: bytes, at: &at, names: names) { try body(client) }
  }

  static func next(in bytes: UnsafeRawBufferPointer, at position: inout Int, names: ClientNames) -> Client? {
    guard position < bytes.count else { return nil }
    let length = Int(bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
    let start = position + 4
    position = start + length
    return Client(
      record: ClientRecord(bytes: Array(UnsafeRawBufferPointer(rebasing: bytes[start..<position])), names: names))
  }
}
