import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// A short proof of what values were, without the values: 64 bits, hexadecimal.
package enum Fingerprint {
  /// Of the leaves of some fields, in the order of the mapping; a blank one is blank however it says so.
  static func of(_ fields: [String], among leaves: [MappedLeaf], of system: System, _ frame: Frame) -> [UInt8] {
    var hash = Fingerprint.seed
    for leaf in leaves where leaf.field >= 0 && fields.contains(system.fields[leaf.field].name) { _ = add(leaf, frame, to: &hash) }
    return text(hash)
  }

  /// Of one leaf; nil where it says nothing that tells records apart.
  fileprivate static func of(_ leaf: MappedLeaf, _ frame: Frame) -> String? {
    var hash = Fingerprint.seed
    return leaf.field >= 0 && add(leaf, frame, to: &hash) ? String(decoding: text(hash), as: UTF8.self) : nil
  }

  /// A leaf by its name and its characters; whether it has any.
  private static func add(_ leaf: MappedLeaf, _ frame: Frame, to hash: inout UInt64) -> Bool {
    let slot = frame.slots[leaf.register]
    let isBlank = saysNothing(slot)
    add(leaf.name.utf8, to: &hash)
    add([isBlank ? 0 : 1], to: &hash)
    if !isBlank { add(frame.literal(slot), to: &hash) }
    return !isBlank
  }

  fileprivate static func saysNothing(_ slot: Slot) -> Bool {
    slot.isBlank || slot.kindBits >= UInt64(Kind.emptyObject.rawValue)
  }

  package static let seed: UInt64 = 0xcbf2_9ce4_8422_2325

  package static func add(_ bytes: some Sequence<UInt8>, to hash: inout UInt64) {
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash = (hash ^ 0xff) &* 0x100_0000_01b3
  }

  /// Eight bytes at a time: for much.
  package static func add(words bytes: UnsafeRawBufferPointer, to hash: inout UInt64) {
    var at = 0
    while at + 8 <= bytes.count {
      hash = (hash ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash >> 29
      at += 8
    }
    add(bytes[at...], to: &hash)
  }

  package static func text(_ hash: UInt64) -> [UInt8] {
    let digits = String(hash, radix: 16)
    return Array((String(repeating: "0", count: 16 - digits.count) + digits).utf8)
  }
}

/// The fingerprint of all leaves but the ids that say something, in whatever order: what a record is known by that has no id, and
/// among those that share one.
struct RecordPrint {
  /// What the name of a leaf comes to is worked out once.
  private let leaves: [(register: Int, named: UInt64)]

  init(_ leaves: [MappedLeaf]) {
    self.leaves = leaves.filter { $0.field >= 0 }.map { leaf in
      var hash = Fingerprint.seed
      Fingerprint.add(leaf.name.utf8, to: &hash)
      Fingerprint.add([1], to: &hash)
      return (leaf.register, hash)
    }
  }

  func of(_ frame: Frame) -> UInt64 {
    var sum: UInt64 = 0
    for leaf in leaves {
      let slot = frame.slots[leaf.register]
      guard !Fingerprint.saysNothing(slot) else { continue }
      var hash = leaf.named
      Fingerprint.add(frame.literal(slot), to: &hash)
      sum &+= hash
    }
    return sum
  }
}

extension Plan {
  func fingerprint(source index: Int) -> String? { index == idLeaf ? nil : Fingerprint.of(sourceLeaves[index], frame) }

  /// Of the record that was written, and of one that is read.
  package var targetFingerprint: UInt64 { targetPrint.of(frame) }
  package var sourceFingerprint: UInt64 { sourcePrint.of(frame) }

  /// Of the target's leaves, without what `--set` and defaults gave to all records alike.
  package var targetFingerprints: [String] {
    let supplied = Set(suppliedNames)
    return targetLeaves.compactMap { $0.isId || supplied.contains($0.leaf.name) ? nil : Fingerprint.of($0.leaf, frame) }
  }
}
