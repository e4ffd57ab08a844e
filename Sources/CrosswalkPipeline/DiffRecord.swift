import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// One record of a comparison, as `DiffWriter` writes it: the key, the values of `DiffFields.fields` and `others`, what no mapping
/// names. Only this process reads it, so integers are in its own byte order.
struct DiffRecord {
  struct Value {
    var kind: Kind
    var text: Range<Int>
    /// The leg that the target took, where the value was written.
    var leg: UInt8
    /// Nothing of the record gave it: a default.
    var isSupplied: Bool
    /// The target has no such value as the record has.
    var isFailed: Bool

    /// No value that says anything.
    var isBlank: Bool { kind == .absent || kind == .null || kind == .text && text.isEmpty }
  }

  struct Unnamed {
    var path: Range<Int>
    var value: Value
  }

  private(set) var bytes: [UInt8]
  /// The record's number in its file.
  private(set) var number: Int
  private(set) var key: Range<Int>
  private(set) var fields: [Value] = []
  private(set) var others: [Value] = []
  private(set) var unnamed: [Unnamed] = []

  /// Number (8), length of the key (4), key, values, number of unnamed ones (4), each with its path.
  static let head = 12

  /// - bytes: of one record, whole.
  init(_ bytes: [UInt8], of shape: DiffFields) {
    self.bytes = bytes
    number = bytes.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
    key = DiffRecord.key(of: bytes)
    var at = key.upperBound
    fields.reserveCapacity(shape.fields.count)
    others.reserveCapacity(shape.others.count)
    bytes.withUnsafeBytes { raw in
      for _ in shape.fields { fields.append(DiffRecord.value(raw, &at)) }
      for _ in shape.others { others.append(DiffRecord.value(raw, &at)) }
      let count = Int(raw.loadUnaligned(fromByteOffset: at, as: UInt32.self))
      at += 4
      for _ in 0..<count {
        let length = Int(raw.loadUnaligned(fromByteOffset: at, as: UInt32.self))
        let path = (at + 4)..<(at + 4 + length)
        at = path.upperBound
        unnamed.append(Unnamed(path: path, value: DiffRecord.value(raw, &at)))
      }
    }
  }

  /// Where the key stands in a record's bytes; empty where it has none.
  static func key(of bytes: [UInt8]) -> Range<Int> {
    head..<(head + bytes.withUnsafeBytes { Int($0.loadUnaligned(fromByteOffset: 8, as: UInt32.self)) })
  }

  private static func value(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Value {
    let mark = bytes[at]
    let kind = Kind(rawValue: mark & 0x0f) ?? .absent
    var value = Value(kind: kind, text: at..<at, leg: bytes[at + 1], isSupplied: mark & 0x80 != 0, isFailed: mark & 0x40 != 0)
    at += 2
    guard hasText(kind) else { return value }
    let length = Int(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
    value.text = (at + 4)..<(at + 4 + length)
    at = value.text.upperBound
    return value
  }

  static func hasText(_ kind: Kind) -> Bool {
    switch kind {
    case .absent, .null, .true, .false: false
    case .number, .text, .emptyObject, .emptyArray, .subtree: true
    }
  }

  /// Text, a number's characters, `true` or `false`.
  func literal(_ value: Value) -> ArraySlice<UInt8> {
    switch value.kind {
    case .true: Array("true".utf8)[...]
    case .false: Array("false".utf8)[...]
    case .absent, .null, .number, .text, .emptyObject, .emptyArray, .subtree: bytes[value.text]
    }
  }

  func tree(_ value: Value) -> Tree? {
    switch value.kind {
    case .absent: nil
    case .null: .null
    case .true: .bool(true)
    case .false: .bool(false)
    case .number: .number(Array(bytes[value.text]))
    case .text: .text(Array(bytes[value.text]))
    case .emptyObject: .object([])
    case .emptyArray: .array([])
    case .subtree: DiffRecord.parsed(bytes[value.text])
    }
  }

  static func parsed(_ bytes: ArraySlice<UInt8>) -> Tree {
    do throws(FormatError) { return try JSONReference.parse(Array(bytes)) } catch { return .text(Array(bytes)) }
  }
}

/// Writes records as `DiffRecord` reads them, each after its length (UInt32), with a number of 0.
final class DiffWriter: RecordWriter {
  let opening: [UInt8] = []
  let separator: [UInt8] = []
  let closing: [UInt8] = []
  let empty: [UInt8] = []

  private struct Place {
    var register: Int
    /// The target leaf, -1 for what was read.
    var target = -1
    var name = ""
    /// The source leaf, for objects and lists that were set aside.
    var source = -1
    /// Source leaves that feed it.
    var sources: [Int] = []
  }

  private let plan: Plan
  private let shape: DiffFields
  private let fields: [Place?]
  private let others: [Place?]
  /// Of one system that is canonical: where its `native` stands.
  private let native: Int?
  /// Counts the values that no mapping names, where they are not compared.
  private(set) var unnamed = 0
  /// The same of those that the other system has no place for, by source leaf.
  private var unplaced: [Int]
  /// The source leaves that may have such.
  private let leaves: [Int]

  /// - isFirst: of the first file, whose fields are what the plan writes.
  init(plan: Plan, shape: DiffFields, isFirst: Bool) {
    self.plan = plan
    self.shape = shape
    let read = Dictionary(
      plan.sourceLeaves.enumerated().map { index, leaf in
        (leaf.name, Place(register: leaf.register, source: index))
      }, uniquingKeysWith: { first, _ in first })
    let written = Dictionary(
      plan.targetLeaves.enumerated().filter { $1.leaf.field >= 0 }.map { index, target in
        let fed = Set(target.legs.joined())
        let sources = plan.feeds.indices.filter { !fed.isDisjoint(with: plan.feeds[$0]) }
        return (target.leaf.name, Place(register: target.leaf.register, target: index, name: target.leaf.name, sources: sources))
      }, uniquingKeysWith: { first, _ in first })
    let isRead = shape.isOneSystem || !isFirst
    fields = shape.fields.map { isRead ? read[$0.name] : written[$0.name] }
    others = shape.others.map { isFirst ? read[$0.name] : written[$0.name] }
    unplaced = plan.sourceLeaves.map { _ in 0 }
    let only = Set(isFirst ? shape.onlyFirst : shape.onlySecond)
    let compared = Set(isFirst ? shape.others.map(\.name) : shape.fields.map(\.name))
    leaves = plan.sourceLeaves.indices.filter { index in
      let leaf = plan.sourceLeaves[index]
      guard !shape.isOneSystem, leaf.field >= 0, plan.source.fields[leaf.field].derivedFrom.isEmpty else { return false }
      return only.contains(leaf.name) || compared.contains(leaf.name)
    }
    native = shape.isOneSystem ? plan.sourceLeaves.first { $0.field < 0 && $0.name == "native" }?.register : nil
  }

  func write(_ frame: Frame, extras: [OutputExtra], into out: inout OutputBuffer) throws(FormatError) {
    let start = out.count
    out.reserve(4 + DiffRecord.head)
    out.count += 4 + DiffRecord.head
    let supplied = plan.state.supplied.isEmpty ? [] : plan.suppliedNames
    writeKey(frame, supplied, &out)
    DiffWriter.store(out.count - start - 4 - DiffRecord.head, &out, at: start + 12)
    for place in fields { write(place, supplied, frame, &out) }
    for place in others { write(place, supplied, frame, &out) }
    let counted = out.count
    DiffWriter.append(0, to: &out)
    if frame.hasExtras || native != nil {
      if shape.isOneSystem {
        DiffWriter.store(writeUnnamed(frame, &out), &out, at: counted)
      } else {
        for extra in frame.extras { unnamed += Int(extra.leaves) }
      }
    }
    for leaf in leaves where hasNoPlace(leaf, frame) { unplaced[leaf] += 1 }
    DiffWriter.store(out.count - start - 4, &out, at: start)
    UnsafeMutableRawPointer(out.base + start + 4).storeBytes(of: 0, as: UInt64.self)
  }

  /// Values without a place, by their fields.
  var unplacedValues: [String: Int] {
    var values: [String: Int] = [:]
    for leaf in leaves where unplaced[leaf] > 0 { values[plan.sourceLeaves[leaf].name] = unplaced[leaf] }
    return values
  }

  private func hasNoPlace(_ leaf: Int, _ frame: Frame) -> Bool {
    let slot = frame.slots[plan.sourceLeaves[leaf].register]
    if slot.isBlank || plan.contributes(leaf) { return false }
    switch plan.parkingReason(leaf) {
    case .noPlace, .readOnly, .taken: return true
    // Said where the values are compared; what repeats others is said with them.
    case .failed, .empty, .derived: return false
    }
  }

  /// Nothing where the record has no value for it. Of fields each value under its rule, each with a zero behind it.
  private func writeKey(_ frame: Frame, _ supplied: [String], _ out: inout OutputBuffer) {
    guard !shape.key.isEmpty else {
      let id = plan.recordId
      if !id.isBlank { out.append(frame.literal(id)) }
      return
    }
    let start = out.count
    var hasValue = false
    for index in shape.key {
      if let place = fields[index] {
        let slot = frame.slots[place.register]
        if !slot.isBlank, slot.kindBits < UInt64(Kind.emptyObject.rawValue), !supplied.contains(place.name) {
          out.append(shape.fields[index].comparison.normal(Array(frame.literal(slot))))
          hasValue = true
        }
      }
      out.append(0)
    }
    if !hasValue { out.count = start }
  }

  private func write(_ place: Place?, _ supplied: [String], _ frame: Frame, _ out: inout OutputBuffer) {
    guard let place else {
      out.append(0)
      return out.append(0)
    }
    var slot = frame.slots[place.register].asRead
    if place.source >= 0, plan.hasAside, let aside = plan.aside.first(where: { $0.leaf == place.source }) { slot = aside.value }
    var mark: UInt8 = place.target >= 0 && !supplied.isEmpty && supplied.contains(place.name) ? 0x80 : 0
    if place.target >= 0, plan.hasRemarks, hasFailed(place) { mark |= 0x40 }
    write(slot, mark: mark, leg: place.target >= 0 ? plan.state.legs[place.target] : 0, frame, &out)
  }

  private func hasFailed(_ place: Place) -> Bool {
    plan.state.failures.contains { failure in
      switch failure.side {
      case .source: place.sources.contains(failure.leaf)
      case .target: failure.leaf == place.target
      }
    }
  }

  private func write(_ slot: Slot, mark: UInt8 = 0, leg: UInt8 = 0, _ frame: Frame, _ out: inout OutputBuffer) {
    if slot.kind == .subtree { return write(Native.literal(slot, frame: frame, format: plan.sourceFormat), &out) }
    out.append(slot.kind.rawValue | mark)
    out.append(leg)
    guard DiffRecord.hasText(slot.kind) else { return }
    let start = out.count
    DiffWriter.append(0, to: &out)
    switch slot.kind {
    case .emptyObject: out.append("{}")
    case .emptyArray: out.append("[]")
    case .text: out.append(frame.text(slot))
    case .number: out.append(frame.raw(slot))
    case .absent, .null, .true, .false, .subtree: break
    }
    DiffWriter.store(out.count - start - 4, &out, at: start)
  }

  /// As JSON, with members in the order of their names: their order says nothing.
  private func write(_ tree: Tree, _ out: inout OutputBuffer) {
    out.append(Kind.subtree.rawValue)
    out.append(0)
    let start = out.count
    DiffWriter.append(0, to: &out)
    JSONTree.append(tree.inOrder, to: &out)
    DiffWriter.store(out.count - start - 4, &out, at: start)
  }

  /// In the order of their paths; how many.
  private func writeUnnamed(_ frame: Frame, _ out: inout OutputBuffer) -> Int {
    guard plan.returnTrip != nil else { return 0 }
    // What has no leaf is an aid: a declared prefix, the order of mixed content.
    var found: [(path: [UInt8], value: Slot?, tree: Tree)] = frame.extras.filter { $0.leaves > 0 }.map {
      (plan.path(of: $0), $0.value, .null)
    }
    if let native {
      let slot = frame.slots[native]
      if case .object(let systems)? = Native.tree(slot, frame: frame, format: plan.sourceFormat) {
        for system in systems {
          guard case .object(let entries) = system.value else { continue }
          for entry in entries where !entry.name.isEmpty {
            found.append((DiffWriter.nativePath(system.name, entry.name).bytes, nil, entry.value))
          }
        }
      } else if !slot.isAbsent {
        found.append((Array("native".utf8), slot, .null))
      }
    }
    let sorted = found.enumerated().sorted { a, b in
      a.element.path == b.element.path ? a.offset < b.offset : a.element.path.lexicographicallyPrecedes(b.element.path)
    }
    for (_, one) in sorted {
      DiffWriter.append(one.path.count, to: &out)
      out.append(one.path)
      if let value = one.value { write(value, frame, &out) } else { write(one.tree, &out) }
    }
    return sorted.count
  }

  /// How a value in `native` is called.
  static func nativePath(_ system: [UInt8], _ path: [UInt8]) -> (bytes: [UInt8], text: String) {
    var bytes = Array("native".utf8)
    PathText.append(system, to: &bytes)
    PathText.append(path, to: &bytes)
    return (bytes, String(decoding: bytes, as: UTF8.self))
  }

  private static func append(_ number: Int, to out: inout OutputBuffer) {
    out.reserve(4)
    out.count += 4
    store(number, &out, at: out.count - 4)
  }

  private static func store(_ number: Int, _ out: inout OutputBuffer, at place: Int) {
    UnsafeMutableRawPointer(out.base + place).storeBytes(of: UInt32(number), as: UInt32.self)
  }
}

extension Tree {
  /// Members in the order of their names, however deep.
  fileprivate var inOrder: Tree {
    switch self {
    case .object(let members):
      .object(
        members.map { Member($0.name, $0.value.inOrder) }.enumerated().sorted { a, b in
          a.element.name == b.element.name ? a.offset < b.offset : a.element.name.lexicographicallyPrecedes(b.element.name)
        }.map(\.element))
    case .array(let items): .array(items.map(\.inOrder))
    case .null, .bool, .number, .text: self
    }
  }

  /// The same without kinds, as formats have it that know none.
  var withoutKinds: Tree {
    switch self {
    case .object(let members): .object(members.map { Member($0.name, $0.value.withoutKinds) })
    case .array(let items): .array(items.map(\.withoutKinds))
    case .number(let characters): .text(characters)
    case .bool(let value): .text(value ? "true" : "false")
    case .null: .text("")
    case .text: self
    }
  }
}
