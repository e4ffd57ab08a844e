import CSimd
import CrosswalkModel
import Glibc

/// The tokens of plain XML in memory: UTF-8, elements, attributes, predefined and numeric references, CDATA, comments,
/// PIs. Everything is validated; on anything else (a DOCTYPE, an entity, a namespace declaration inside) a function
/// gives nil, with the reason and the place in `failure`: libxml2 has to decide (`XMLAuthority`).
///
/// All functions rely on the 64 zero bytes behind the buffer: no scan looks whether the buffer ends, and each stop at a
/// zero byte is judged by `stopped`. The plain twin is `XMLReferenceParser`.
///
/// ADVICE: no arrays, closures or class properties that vary in here; what varies stands in `state`, raw memory, so
/// that nothing is counted or checked for exclusive access.
final class XMLTokenizer {
  typealias Pointer = UnsafePointer<UInt8>

  struct State {
    /// The buffer and its end.
    var base: Pointer
    var limit: Pointer
    var reason = FormatReason.notWellFormed
    var failedAt: Pointer
  }

  struct Attribute {
    var name: Pointer
    var value: Pointer
    var nameLength: Int32
    var valueLength: Int32
    /// The value has references or white space other than spaces.
    var isEscaped: Bool
  }

  /// What a start tag says. Its attributes that are leaves stand in `attributes`.
  struct StartTag {
    var end: Pointer
    var leaves = 0
    var isEmpty = false
    /// `nil="true"`, for an element without content.
    var isNull = false
  }

  private struct OpenTag {
    var name: Pointer
    var nameLength: Int32
    var attributes: Int32
    /// Runs of text with something but blanks in them.
    var runs: Int32 = 0
    var isNull: Bool
    var hasElements = false
    var runIsBlank = true
    var hasText = false
  }

  let state: UnsafeMutablePointer<State>
  let attributes: UnsafeMutablePointer<Attribute>
  private let open: UnsafeMutablePointer<OpenTag>
  private let depth: Int
  private let longestField: Int
  private let declared: XMLDeclared
  private let typeName: UnsafeMutableBufferPointer<UInt8>
  private let nullName: UnsafeMutableBufferPointer<UInt8>
  /// Prefixes that the elements around the run bind, the innermost last, and to what.
  var prefixes: [(name: [UInt8], uri: [UInt8])] = []

  init(declared: XMLDeclared, limits: Limits) {
    self.declared = declared
    depth = limits.depth
    longestField = limits.field
    state = .allocate(capacity: 1)
    attributes = .allocate(capacity: XMLLimits.attributes + 1)
    open = .allocate(capacity: limits.depth + 1)
    typeName = XMLTokenizer.copy(declared.type)
    nullName = XMLTokenizer.copy(declared.null)
    let nothing = Pointer(typeName.baseAddress!)
    state.initialize(to: State(base: nothing, limit: nothing, failedAt: nothing))
  }

  deinit {
    state.deallocate()
    attributes.deallocate()
    open.deallocate()
    typeName.deallocate()
    nullName.deallocate()
  }

  private static func copy(_ name: [UInt8]?) -> UnsafeMutableBufferPointer<UInt8> {
    let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: (name?.count ?? 0) + 16)
    copy.initialize(repeating: 0)
    for (i, byte) in (name ?? []).enumerated() { copy[i] = byte }
    return copy
  }

  func begin(_ base: Pointer, _ limit: Pointer) {
    state.pointee.base = base
    state.pointee.limit = limit
  }

  // MARK: - Failure

  @inline(never)
  func fail(_ reason: FormatReason, _ p: Pointer) -> Pointer? {
    state.pointee.reason = reason
    state.pointee.failedAt = min(p, state.pointee.limit)
    return nil
  }

  /// A byte that must not stand here: the end of the buffer, a forbidden control character, or something else.
  @inline(never)
  func stopped(_ p: Pointer) -> Pointer? {
    if p >= state.pointee.limit { return fail(.truncated, state.pointee.limit) }
    let isControl = p[0] < 0x20 && !XMLText.isBlank(p[0])
    return fail(isControl ? .forbiddenCharacter : .unexpectedByte, p)
  }

  var failure: FormatError {
    FormatError(state.pointee.reason, at: state.pointee.failedAt - state.pointee.base)
  }

  @inline(never)
  private func check(_ from: Pointer, _ to: Pointer) -> Bool {
    guard let bad = XMLText.firstInvalid(from, to - from) else { return true }
    _ = fail(bad.reason, from + bad.offset)
    return false
  }

  // MARK: - Text

  /// The rest of a text run, from the byte where the scan for plain text stopped, to the `<` of a tag. Sets the slot
  /// bits `isEscaped` and `isOdd`, and `markup` when the run holds CDATA, comments or PIs.
  @inline(never)
  func finishText(
    _ from: Pointer, _ high: inout UInt64, _ bits: inout UInt64, _ hasMarkup: inout Bool
  ) -> Pointer? {
    var q = from
    while true {
      switch q[0] {
      case UInt8(ascii: "<"):
        if q[1] == UInt8(ascii: "!") {
          bits |= 48
          hasMarkup = true
          guard let r = q[2] == UInt8(ascii: "[") ? section(q) : comment(q) else { return nil }
          q = r
        } else if q[1] == UInt8(ascii: "?") {
          bits |= 48
          hasMarkup = true
          guard let r = instruction(q) else { return nil }
          q = r
        } else {
          return q
        }
      case UInt8(ascii: "&"):
        guard let r = reference(q, &bits) else { return nil }
        q = r
      case UInt8(ascii: "]"):
        if q[1] == UInt8(ascii: "]"), q[2] == UInt8(ascii: ">") { return fail(.unexpectedByte, q) }
        q += 1
      case 0x0d:
        bits |= 48
        q += 1
      default: return stopped(q)
      }
      q += cw_scan_text(q, &high)
    }
  }

  private func reference(_ q: Pointer, _ bits: inout UInt64) -> Pointer? {
    let found = XMLText.reference(q, state.pointee.limit - q)
    if let reason = found.reason { return fail(reason, reason == .truncated ? state.pointee.limit : q) }
    // Those that we write ourselves can be copied as they stand.
    let isOurs =
      found.length <= 5 && q[1] != UInt8(ascii: "#")
      && (found.scalar == 0x26 || found.scalar == 0x3c || found.scalar == 0x3e)
    bits |= isOurs ? 16 : 48
    return q + found.length
  }

  /// `<![CDATA[…]]>`: from its `<` to behind it.
  func section(_ p: Pointer) -> Pointer? {
    let word: StaticString = "<![CDATA["
    for i in 0..<9 where p[i] != word.utf8Start[i] {
      return p + i >= state.pointee.limit ? stopped(p + i) : fail(.notWellFormed, p)
    }
    var q = p + 9
    var high: UInt64 = 0
    let start = q
    while true {
      q += cw_scan_any(q, UInt8(ascii: "]"), 0x5d, 0x5d, 0x5d, &high)
      if q[0] == UInt8(ascii: "]") {
        if q[1] == UInt8(ascii: "]"), q[2] == UInt8(ascii: ">") { break }
        if q + 2 >= state.pointee.limit { return fail(.truncated, state.pointee.limit) }
      } else if !XMLText.isBlank(q[0]) {
        return stopped(q)
      }
      q += 1
    }
    if high != 0, !check(start, q) { return nil }
    return q + 3
  }

  /// `<!--…-->`: from its `<` to behind it.
  func comment(_ p: Pointer) -> Pointer? {
    guard p[2] == UInt8(ascii: "-"), p[3] == UInt8(ascii: "-") else {
      if p + 2 >= state.pointee.limit || p + 3 >= state.pointee.limit { return fail(.truncated, state.pointee.limit) }
      return fail(isDoctype(p) ? .doctype : .notWellFormed, p)
    }
    var q = p + 4
    let start = q
    var high: UInt64 = 0
    while true {
      q += cw_scan_any(q, UInt8(ascii: "-"), 0x2d, 0x2d, 0x2d, &high)
      if q[0] == UInt8(ascii: "-") {
        if q[1] == UInt8(ascii: "-") {
          if q[2] == UInt8(ascii: ">") { break }
          return q + 2 >= state.pointee.limit ? fail(.truncated, state.pointee.limit) : fail(.notWellFormed, q)
        }
      } else if !XMLText.isBlank(q[0]) {
        return stopped(q)
      }
      q += 1
    }
    if high != 0, !check(start, q) { return nil }
    return q + 3
  }

  private func isDoctype(_ p: Pointer) -> Bool {
    let word: StaticString = "<!DOCTYPE"
    return (0..<9).allSatisfy { p[$0] == word.utf8Start[$0] }
  }

  /// `<?target …?>`: from its `<` to behind it. A target of `xml` is none.
  func instruction(_ p: Pointer) -> Pointer? {
    guard let end = name(p + 2) else { return nil }
    let length = end - (p + 2)
    if length == 3, p[2] | 0x20 == UInt8(ascii: "x"), p[3] | 0x20 == UInt8(ascii: "m"), p[4] | 0x20 == UInt8(ascii: "l")
    {
      return fail(.notWellFormed, p)
    }
    if memchr(p + 2, 0x3a, length) != nil { return fail(.namespace, p) }
    var q = end
    var high: UInt64 = 0
    if q[0] == UInt8(ascii: "?"), q[1] == UInt8(ascii: ">") { return q + 2 }
    guard XMLText.isBlank(q[0]) else { return q[0] == UInt8(ascii: "?") ? stopped(q + 1) : stopped(q) }
    while true {
      q += cw_scan_any(q, UInt8(ascii: "?"), 0x3f, 0x3f, 0x3f, &high)
      if q[0] == UInt8(ascii: "?") {
        if q[1] == UInt8(ascii: ">") { break }
      } else if !XMLText.isBlank(q[0]) {
        return stopped(q)
      }
      q += 1
    }
    if high != 0, !check(end, q) { return nil }
    return q + 2
  }

  // MARK: - Names and tags

  /// The end of the name that starts here; prefixes are not looked up.
  func name(_ p: Pointer) -> Pointer? {
    var q = p
    var seen: UInt8 = 0
    while XMLText.isNameByte(q[0]) {
      seen |= q[0]
      q += 1
    }
    // `isNameByte` takes `:` with the digits (0x30…0x3a).
    if q == p { return stopped(p) }
    if q >= state.pointee.limit { return fail(.truncated, state.pointee.limit) }
    let first = p[0]
    let isPlain = (first | 0x20) &- 0x61 < 26 || first == 0x5f
    if seen >= 0x80 || !isPlain || memchr(p, 0x3a, q - p) != nil {
      let bytes = UnsafeBufferPointer(start: p, count: q - p)
      guard XMLName.isQualified(bytes) else {
        if !check(p, q) { return nil }
        return fail(.notWellFormed, p)
      }
    }
    return q
  }

  /// Whether the prefix of a name, if it has one, is bound around the run.
  func isBound(_ p: Pointer, _ length: Int) -> Bool {
    guard let colon = memchr(p, 0x3a, length) else { return true }
    let count = Pointer(colon.assumingMemoryBound(to: UInt8.self)) - p
    let prefix = UnsafeBufferPointer(start: p, count: count)
    return prefix.elementsEqual("xml".utf8) || prefixes.contains { $0.name.elementsEqual(prefix) }
  }

  private func isXMLPrefix(_ p: Pointer, _ length: Int) -> Bool {
    length > 4 && p[0] == UInt8(ascii: "x") && p[1] == UInt8(ascii: "m") && p[2] == UInt8(ascii: "l")
      && p[3] == UInt8(ascii: ":")
  }

  /// A start tag from behind its name. Attributes that are leaves are kept in `attributes`.
  ///
  /// - around: the tags around the run: namespace declarations are taken, into `prefixes`.
  @inline(never)
  func startTag(_ from: Pointer, start: Pointer, around: Bool = false) -> StartTag? {
    var tag = StartTag(end: from)
    var p = from
    var all = 0
    let attributes = attributes
    while true {
      let blanks = cw_skip_blanks(p)
      p += blanks
      let c = p[0]
      if c == UInt8(ascii: ">") {
        tag.end = p + 1
        break
      }
      if c == UInt8(ascii: "/") {
        guard p[1] == UInt8(ascii: ">") else {
          _ = stopped(p + 1)
          return nil
        }
        tag.end = p + 2
        tag.isEmpty = true
        break
      }
      guard blanks > 0 else {
        _ = stopped(p)
        return nil
      }
      let name = p
      guard var q = self.name(p) else { return nil }
      let nameLength = q - p
      if q[0] != UInt8(ascii: "=") { q += cw_skip_blanks(q) }
      guard q[0] == UInt8(ascii: "=") else {
        _ = stopped(q)
        return nil
      }
      q += 1
      if q[0] <= 0x20 { q += cw_skip_blanks(q) }
      let quote = q[0]
      guard quote == 0x22 || quote == 0x27 else {
        _ = stopped(q)
        return nil
      }
      let value = q + 1
      q = value
      var isEscaped = false
      var high: UInt64 = 0
      while true {
        q += cw_scan_any(q, quote, UInt8(ascii: "<"), UInt8(ascii: "&"), quote, &high)
        if q[0] == quote { break }
        if q[0] == UInt8(ascii: "&") {
          var bits: UInt64 = 0
          guard let r = reference(q, &bits) else { return nil }
          isEscaped = true
          q = r
        } else if XMLText.isBlank(q[0]) {
          isEscaped = true
          q += 1
        } else {
          _ = stopped(q)
          return nil
        }
      }
      if high != 0, !check(value, q) { return nil }
      for i in 0..<all
      where Int(attributes[i].nameLength) == nameLength && memcmp(attributes[i].name, name, nameLength) == 0 {
        _ = fail(.duplicateAttribute, name)
        return nil
      }
      if all >= XMLLimits.attributes {
        _ = fail(.tooManyAttributes, name)
        return nil
      }
      attributes[all] = Attribute(
        name: name, value: value, nameLength: Int32(nameLength), valueLength: Int32(truncatingIfNeeded: q - value),
        isEscaped: isEscaped)
      all += 1
      p = q + 1
    }
    if tag.end - start > XMLLimits.startTag {
      _ = fail(.startTagTooLong, start)
      return nil
    }
    // Duplicates are known: now keep those that are leaves.
    for i in 0..<all {
      let attribute = attributes[i]
      let length = Int(attribute.nameLength)
      if isNamed(attribute, nullName) {
        tag.isNull = isTrue(attribute)
        continue
      }
      if isNamed(attribute, typeName) { continue }
      if memchr(attribute.name, 0x3a, length) != nil || length == 5 && memcmp(attribute.name, "xmlns", 5) == 0 {
        if around {
          if length > 6, memcmp(attribute.name, "xmlns:", 6) == 0 {
            let source = UnsafeBufferPointer(start: attribute.value, count: Int(attribute.valueLength))
            let uri = [UInt8](unsafeUninitializedCapacity: source.count + 64) {
              $1 = XMLText.decodeAttribute(source, into: $0.baseAddress!)
            }
            prefixes.append((Array(UnsafeBufferPointer(start: attribute.name + 6, count: length - 6)), uri))
          }
        } else if !isXMLPrefix(attribute.name, length) {
          _ = fail(.namespace, attribute.name)
          return nil
        }
      }
      attributes[tag.leaves] = attribute
      tag.leaves += 1
    }
    return tag
  }

  @inline(__always)
  private func isNamed(_ attribute: Attribute, _ name: UnsafeMutableBufferPointer<UInt8>) -> Bool {
    let length = name.count - 16
    return length > 0 && Int(attribute.nameLength) == length && memcmp(attribute.name, name.baseAddress!, length) == 0
  }

  private func isTrue(_ attribute: Attribute) -> Bool {
    attribute.valueLength == 4 && memcmp(attribute.value, "true", 4) == 0
      || attribute.valueLength == 1 && attribute.value[0] == UInt8(ascii: "1")
  }

  /// Behind `>` of an end tag; `p` stands behind its `</`, the name must be the open one.
  func endTag(_ p: Pointer, _ name: Pointer, _ length: Int) -> Pointer? {
    if memcmp(p, name, length) == 0 {
      var q = p + length
      if q[0] == UInt8(ascii: ">") { return q + 1 }
      if XMLText.isBlank(q[0]) {
        q += cw_skip_blanks(q)
        return q[0] == UInt8(ascii: ">") ? q + 1 : stopped(q)
      }
    }
    guard let q = self.name(p) else { return nil }
    if q - p == length, memcmp(p, name, length) == 0 { return stopped(q) }
    return fail(.mismatchedTag, p)
  }

  // MARK: - Whole elements

  /// An element from its `<` to behind its end tag, validated, its leaves counted as `XMLNode.tree` has them.
  ///
  /// - depth: the element's own, the document's root being 1.
  func skip(_ start: Pointer, depth first: Int, leaves: inout Int) -> Pointer? {
    var p = start
    var level = 0
    let open = open
    while true {
      // A start tag.
      guard first + level <= depth else { return fail(.tooDeep, p) }
      guard let nameEnd = name(p + 1) else { return nil }
      guard isBound(p + 1, nameEnd - p - 1) else { return fail(.namespace, p + 1) }
      guard let tag = startTag(nameEnd, start: p) else { return nil }
      leaves += tag.leaves
      open[level] = OpenTag(
        name: p + 1, nameLength: Int32(nameEnd - p - 1), attributes: Int32(tag.leaves), isNull: tag.isNull)
      level += 1
      p = tag.end
      var closes = tag.isEmpty
      // Its content, up to the next start tag.
      while true {
        if !closes {
          guard let q = skipText(p, &open[level - 1]) else { return nil }
          p = q
          if p[1] != UInt8(ascii: "/") { break }
          let tag = open[level - 1]
          guard let r = endTag(p + 2, tag.name, Int(tag.nameLength)) else { return nil }
          p = r
        }
        closes = false
        level -= 1
        leaves += textLeaves(open[level])
        if level == 0 { return p }
      }
      endRun(&open[level - 1])
      open[level - 1].hasElements = true
    }
  }

  private func textLeaves(_ tag: OpenTag) -> Int {
    if tag.hasElements { return Int(tag.runs) + (tag.hasText && !tag.runIsBlank ? 1 : 0) }
    if tag.isNull, tag.runIsBlank { return 1 }
    return tag.attributes > 0 ? (tag.hasText ? 1 : 0) : 1
  }

  private func endRun(_ tag: inout OpenTag) {
    if tag.hasText, !tag.runIsBlank { tag.runs += 1 }
    tag.hasText = false
    tag.runIsBlank = true
  }

  /// Text to the `<` of the next tag.
  private func skipText(_ from: Pointer, _ tag: inout OpenTag) -> Pointer? {
    var p = from + cw_skip_blanks(from)
    if p[0] == UInt8(ascii: "<"), p[1] != UInt8(ascii: "!"), p[1] != UInt8(ascii: "?") {
      if p > from { tag.hasText = true }
      return p
    }
    p = from
    var high: UInt64 = 0
    var bits: UInt64 = 0
    var hasMarkup = false
    p += cw_scan_text(p, &high)
    if p[0] != UInt8(ascii: "<") || p[1] == UInt8(ascii: "!") || p[1] == UInt8(ascii: "?") {
      guard let q = finishText(p, &high, &bits, &hasMarkup) else { return nil }
      p = q
    }
    if high != 0, !check(from, p) { return nil }
    if bits == 0 {
      tag.hasText = p > from
      tag.runIsBlank = p == from || from + cw_skip_blanks(from) >= p
    } else {
      // Rare: what the text says, decoded.
      let source = UnsafeBufferPointer(start: from, count: p - from)
      let text = [UInt8](unsafeUninitializedCapacity: source.count + 8) {
        $1 = XMLText.decode(source, into: $0.baseAddress!)
      }
      tag.hasText = !text.isEmpty
      tag.runIsBlank = XMLText.isBlank(text)
    }
    if p - from > longestField { return fail(.fieldTooLong, from) }
    return p
  }

  /// Blanks, comments and PIs; to the first byte that is something else.
  func skipMiscellaneous(_ from: Pointer) -> Pointer? {
    var p = from
    while true {
      p += cw_skip_blanks(p)
      guard p[0] == UInt8(ascii: "<") else { return p }
      if p[1] == UInt8(ascii: "!") {
        guard let q = comment(p) else { return nil }
        p = q
      } else if p[1] == UInt8(ascii: "?") {
        guard let q = instruction(p) else { return nil }
        p = q
      } else {
        return p
      }
    }
  }
}
