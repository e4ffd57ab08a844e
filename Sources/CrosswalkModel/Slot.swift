// Public, though no library user needs them: the compiler inlines `public` accessors into other modules, but not `package`
// ones, and calls of these cost a CSV to CSV run 22 % of its instructions.

/// What a leaf of a record is. `absent` is no leaf at all; `subtree` is a container with members, kept raw.
public enum Kind: UInt8, Sendable {
  case absent = 0
  case null
  case `false`
  case `true`
  case number
  case text
  case emptyObject
  case emptyArray
  case subtree
}

/// Which memory a slot's bytes stand in.
public enum Space: UInt8, Sendable {
  /// The batch's chunk of input, in the source format's own spelling (escapes not decoded when `isEscaped`).
  case chunk = 0
  /// The record's arena: decoded UTF-8, gone with the record.
  case arena
  /// The plan's constants: decoded UTF-8, as long as the plan lives.
  case pool
}

/// One value, packed into 64 bits: offset (32), length (24), space (2), `isOdd`, `isEscaped`, kind (4). Zero is absent.
///
/// - `isEscaped` (chunk; in the arena only where `Frame.escapesAlike`): the bytes hold the source format's escapes (JSON `\`, XML references and CDATA, doubled CSV
///   quotes, form `%` and `+`) and have to be decoded before they are text.
/// - `isOdd`: in JSON an escape that we would spell otherwise (`\/`, `\u…`), so that the bytes cannot be copied as they
///   are. In XML text that is not one plain run. Never set without `isEscaped`.
/// - text of JSON excludes the quotes; a subtree is the source's raw bytes from its first to its last one.
public struct Slot: Equatable, Sendable {
  public var bits: UInt64

  @inlinable public init(bits: UInt64) { self.bits = bits }

  @inlinable public init(
    _ kind: Kind, offset: Int, length: Int, space: Space = .chunk, isEscaped: Bool = false, isOdd: Bool = false
  ) {
    bits =
      UInt64(truncatingIfNeeded: offset) << 32 | UInt64(truncatingIfNeeded: length) << 8
      | UInt64(space.rawValue) << 6 | (isOdd ? 32 : 0) | (isEscaped ? 16 : 0) | UInt64(kind.rawValue)
  }

  @inlinable public static var absent: Slot { Slot(bits: 0) }
  @inlinable public static var null: Slot { Slot(bits: 1) }

  @inlinable public var kind: Kind { unsafe unsafeBitCast(UInt8(truncatingIfNeeded: bits & 15), to: Kind.self) }
  @inlinable public var kindBits: UInt64 { bits & 15 }
  @inlinable public var isAbsent: Bool { bits == 0 }
  @inlinable public var offset: Int { Int(truncatingIfNeeded: bits >> 32) }
  @inlinable public var length: Int { Int(truncatingIfNeeded: bits >> 8 & 0xff_ffff) }
  @inlinable public var space: Space { unsafe unsafeBitCast(UInt8(truncatingIfNeeded: bits >> 6 & 3), to: Space.self) }
  @inlinable public var isEscaped: Bool { bits & 16 != 0 }
  @inlinable public var isOdd: Bool { bits & 32 != 0 }
  /// Text without a character.
  @inlinable public var isEmptyText: Bool { bits & 0xffff_ff0f == UInt64(Kind.text.rawValue) }
  /// No value that says anything: absent, null or empty text.
  @inlinable public var isBlank: Bool { bits & 15 <= 1 || isEmptyText }

  /// The same value, to be written as its kind and in its state whatever the field's own rules are: it came back from a
  /// residue. (`isOdd` outside the chunk.)
  public var asRestored: Slot {
    Slot(kind, offset: offset, length: length, space: space == .chunk ? .pool : space, isOdd: true)
  }
  @inlinable public var isRestored: Bool { bits & 32 != 0 && bits & 0xc0 != 0 }
  /// The same value without that mark.
  public var asRead: Slot { isRestored ? Slot(bits: bits & ~32) : self }

  /// The longest value a slot can hold; the named limit on a field is below it.
  public static let maximumLength = 0xff_ffff
}
