import CSimd
package import CrosswalkModel
import Glibc

/// Reads XML records: repeated elements of one document, or a sequence of small documents.
///
/// Plain XML is read by our own tokenizer (`XMLTokenizer`), straight into the frame's slots. Anything else, and every
/// error, goes to libxml2 (`XMLAuthority`), wrapped in the start tags of the elements around it; what it gives is read
/// by the plain rules of `XMLRecordReader+Node.swift`, which are also the twin that tests hold the fast path to.
package final class XMLRecordReader: RecordReader {
  package enum Mode: Sendable, Equatable {
    /// Records are repeated children; the run closes at a `</`, at the `/>` of an empty parent, or at an element that
    /// is no record: what follows is the envelope's.
    case elements
    /// Each record is a document of its own; its place in the document is a path of names, the root's first. An empty
    /// path takes any root.
    case documents([RecordPath.Step])
  }

  package enum Parser: String, Sendable, CaseIterable {
    /// Our own tokenizer, libxml2 where it does not suffice.
    case auto
    /// Every record through libxml2.
    case libxml2
  }

  package let frame: Frame
  package let mode: Mode
  package let parser: Parser
  /// What libxml2 said of the last error, in its words.
  @exclusivity(unchecked) package internal(set) var diagnosis: String?
  /// In `documents` mode with wrappers: the last document, record and all, for its envelope's values.
  package internal(set) var document: XMLNode?

  let layout: Layout
  let limits: Limits
  package var recordLimits: Limits { limits }
  let declared: XMLDeclared
  let names: XMLNames
  let tokenizer: XMLTokenizer
  let authority: XMLAuthority
  /// nil: any element is a record.
  let recordName: [UInt8]?
  let path: [RecordPath.Step]
  /// The start tags around the run, and their end tags.
  package let ancestors: [UInt8]
  package let closings: [UInt8]
  let ancestorCount: Int
  @exclusivity(unchecked) private var generation: UInt32 = 0
  var declaration: [UInt8] = []
  var hasReadDocument = false
  /// Registers that a variant spelling filled, in this record.
  @exclusivity(unchecked) var variants: [(register: Int, rank: UInt8, path: [UInt8], leaves: Int)] = []
  /// Elements met of each list, and the cases already taken, in this record.
  @exclusivity(unchecked) var listCounts: [Int]
  @exclusivity(unchecked) var picked: [Picked] = []
  var mappedLeaves = 0
  /// Prefixes that the record's aids declare, and the paths of those on single elements, in this record.
  @exclusivity(unchecked) var declaredPrefixes: [(name: [UInt8], uri: [UInt8])] = []
  @exclusivity(unchecked) var ownDeclarations: Set<[UInt8]> = []
  /// What the elements around the run bind.
  var outerScope: Scope = [:]
  @exclusivity(unchecked) var hasPrefixes = false

  typealias Pointer = UnsafePointer<UInt8>

  /// - recordName: as the document spells it, prefix included.
  /// - ancestors: the start tags around the run, as they stand in the document.
  /// - wrapper: steps from the repeated element to the record inside it.
  /// - ignoresPrefixes: names match the layout's without their prefix (a system that names a namespace).
  package init(
    layout: Layout, frame: Frame, recordName: [UInt8]? = nil, ancestors: [UInt8] = [], limits: Limits = Limits(),
    mode: Mode = .elements, parser: Parser = .auto, ignoresPrefixes: Bool = false, wrapper: [RecordPath.Step] = []
  ) {
    self.layout = layout
    self.frame = frame
    self.limits = limits
    self.mode = mode
    self.parser = parser
    self.ancestors = ancestors
    declared = XMLDeclared(layout)
    names = XMLNames(layout: layout, limits: limits, ignoresPrefixes: ignoresPrefixes)
    tokenizer = XMLTokenizer(declared: declared, limits: limits)
    authority = XMLAuthority(limits: limits)
    listCounts = [Int](repeating: 0, count: names.lists.count)
    frame.encoding = .xml
    switch mode {
    case .elements:
      path = wrapper.isEmpty ? [] : [.anyName] + wrapper
      self.recordName = recordName
    case .documents(let steps):
      path = steps
      if steps.count == 1, case .name(let name) = steps[0] {
        self.recordName = Array(name.utf8)
      } else {
        self.recordName = nil
      }
    }
    let opened = XMLRecordReader.openTags(ancestors, tokenizer)
    ancestorCount = opened.count
    closings = opened.reversed().flatMap { Array("</".utf8) + $0 + [UInt8(ascii: ">")] }
    for prefix in tokenizer.prefixes { outerScope[prefix.name] = prefix.uri }
    hasPrefixes = !outerScope.isEmpty
  }

  /// The names of a row of start tags; the tokenizer learns the prefixes that they bind.
  private static func openTags(_ tags: [UInt8], _ tokenizer: XMLTokenizer) -> [[UInt8]] {
    var names: [[UInt8]] = []
    let padded = tags + [UInt8](repeating: 0, count: 64)
    padded.withUnsafeBufferPointer { buffer in
      let base = buffer.baseAddress!
      tokenizer.begin(base, base + tags.count)
      var p = base
      while p < base + tags.count, let end = tokenizer.name(p + 1),
        let tag = tokenizer.startTag(end, start: p, around: true)
      {
        names.append(Array(UnsafeBufferPointer(start: p + 1, count: end - p - 1)))
        p = tag.end
      }
    }
    return names
  }

  package func path(_ index: Int) -> [UInt8] { names.paths[index] }

  // MARK: - One record

  package func next(in buffer: UnsafePointer<UInt8>, at position: inout Int, to end: Int, isLast: Bool) -> ReadOutcome {
    tokenizer.begin(buffer, buffer + end)
    diagnosis = nil
    frame.chunk = buffer
    switch mode {
    case .elements: return nextElement(in: buffer, at: &position, to: end, isLast: isLast)
    case .documents: return nextDocument(in: buffer, at: &position, to: end, isLast: isLast)
    }
  }

  private func nextElement(in buffer: Pointer, at position: inout Int, to end: Int, isLast: Bool) -> ReadOutcome {
    let limit = buffer + end
    var p = buffer + position
    if p[0] != UInt8(ascii: "<") || p[1] == UInt8(ascii: "!") || p[1] == UInt8(ascii: "?") {
      guard let q = tokenizer.skipMiscellaneous(p) else { return between(limit, isLast) }
      p = q
    }
    // `</`, `/>`, `<name`: what it is shows in the first bytes behind it.
    if limit - p < 64, !isLast, p >= limit || memchr(p, 0x3e, limit - p) == nil { return .needMore }
    if p >= limit { return .fatal(FormatError(.truncated, at: end)) }
    let isEmptyParent = p[0] == UInt8(ascii: "/") && p[1] == UInt8(ascii: ">")
    if isEmptyParent || p[0] == UInt8(ascii: "<") && p[1] == UInt8(ascii: "/") {
      position = p - buffer
      return .closed
    }
    guard p[0] == UInt8(ascii: "<") else { return .fatal(FormatError(.unexpectedByte, at: p - buffer)) }
    if let recordName, !isNamed(p + 1, recordName) {
      guard tokenizer.name(p + 1) != nil else { return between(limit, isLast) }
      position = p - buffer
      return .closed
    }
    return read(p, buffer, &position, limit, isLast)
  }

  /// The outcome of an error between records.
  func between(_ limit: Pointer, _ isLast: Bool) -> ReadOutcome {
    let error = tokenizer.failure
    if !isLast, limit - tokenizer.state.pointee.failedAt < 16 { return .needMore }
    return .fatal(error)
  }

  func isNamed(_ p: Pointer, _ name: [UInt8]) -> Bool {
    memcmp(p, name, name.count) == 0 && isDelimiter(p[name.count])
  }

  @inline(__always)
  private func isDelimiter(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") || XMLText.isBlank(byte)
  }

  /// The record (or document) whose `<` is at `p`.
  func read(
    _ p: Pointer, _ buffer: Pointer, _ position: inout Int, _ limit: Pointer, _ isLast: Bool
  ) -> ReadOutcome {
    clear()
    frame.start = p - buffer
    if parser == .auto, path.count <= 1 {
      if let q = readFast(p) {
        if q - p > limits.record { return refuse(FormatError(.recordTooLong, at: p - buffer), p, q, buffer, &position) }
        if !picked.isEmpty { settlePicked() }
        return accept(q, buffer, &position)
      }
      if tokenizer.state.pointee.failedAt >= limit - 16, !isLast { return .needMore }
      clear()
    }
    return readSlowly(p, buffer, &position, limit, isLast)
  }

  func accept(_ q: Pointer, _ buffer: Pointer, _ position: inout Int) -> ReadOutcome {
    frame.end = q - buffer
    position = min(q + cw_skip_blanks(q), tokenizer.state.pointee.limit) - buffer
    return .record
  }

  func refuse(
    _ error: FormatError, _ p: Pointer, _ q: Pointer, _ buffer: Pointer, _ position: inout Int
  ) -> ReadOutcome {
    clear()
    frame.start = p - buffer
    _ = accept(q, buffer, &position)
    return .rejected(error)
  }

  func clear() {
    frame.arena.reset()
    let slots = frame.slots
    for i in 0..<layout.registers { slots[i] = .absent }
    if !frame.extras.isEmpty { frame.extras.removeAll(keepingCapacity: true) }
    frame.leaves = 0
    if frame.hasContainerLeaf { frame.hasContainerLeaf = false }
    if frame.hasLosingSpelling { frame.hasLosingSpelling = false }
    if !variants.isEmpty { variants.removeAll(keepingCapacity: true) }
    if !declaredPrefixes.isEmpty {
      declaredPrefixes.removeAll(keepingCapacity: true)
      ownDeclarations.removeAll(keepingCapacity: true)
    }
    if !takenObjects.isEmpty { takenObjects.removeAll(keepingCapacity: true) }
    if !openObjects.isEmpty { openObjects.removeAll(keepingCapacity: true) }
    if !listCounts.isEmpty {
      for i in listCounts.indices { listCounts[i] = 0 }
      if !picked.isEmpty { picked.removeAll(keepingCapacity: true) }
    }
  }

  // MARK: - The hot loop

  /// The record whose `<` is at `p`; nil where the tokenizer does not suffice.
  private func readFast(_ p: Pointer) -> Pointer? {
    let name = p + 1
    var length = 0
    if let recordName, isNamed(name, recordName) {
      length = recordName.count
    } else {
      guard let end = tokenizer.name(name) else { return nil }
      length = end - name
      if recordName != nil { return tokenizer.fail(.notARecord, name) }
    }
    if !tokenizer.isBound(name, length) { return tokenizer.fail(.namespace, name) }
    var q = name + length
    if q[0] == UInt8(ascii: ">") {
      q += 1
    } else {
      guard let tag = tokenizer.startTag(q, start: p) else { return nil }
      if tag.leaves > 0, !attributes(tag.leaves, in: names.attributeNode(ofNode: 0), path: []) { return nil }
      if tag.isEmpty {
        if names.nodes[0].text >= 0 { put(Int(names.nodes[0].text), Slot(.text, offset: 0, length: 0)) }
        return tag.end
      }
      q = tag.end
    }
    return content(q, node: 0, open: name, openLength: length, depth: ancestorCount + 1)
  }

  /// An object's content, from behind its start tag to behind its end tag.
  private func content(_ from: Pointer, node: Int32, open: Pointer, openLength: Int, depth: Int) -> Pointer? {
    guard depth < limits.depth else { return tokenizer.fail(.tooDeep, from) }
    let names = names
    let tokenizer = tokenizer
    let slots = frame.slots
    let entries = names.entries
    let nameBytes = names.nameBytes
    let base = tokenizer.state.pointee.base
    let longest = limits.field
    generation &+= 1
    let generation = generation
    var predicted = names.nodes[Int(node)].first
    var last: Int32 = -1
    var leaves = 0
    var p = from
    while true {
      if p[0] != UInt8(ascii: "<") { p += cw_skip_blanks(p) }
      let c = p[1]
      guard p[0] == UInt8(ascii: "<"), c != UInt8(ascii: "!"), c != UInt8(ascii: "?"), c != UInt8(ascii: "/") else {
        // The end, a comment, a PI, or text.
        if p[0] == UInt8(ascii: "<") {
          if c == UInt8(ascii: "/") {
            frame.leaves += leaves
            if last < 0, !childless(from, p, node: node) { return nil }
            return tokenizer.endTag(p + 2, open, openLength)
          }
          if c == UInt8(ascii: "?") {
            guard let q = tokenizer.instruction(p) else { return nil }
            p = q
            continue
          }
          if p[2] == UInt8(ascii: "-") {
            guard let q = tokenizer.comment(p) else { return nil }
            p = q
            continue
          }
        }
        // Text between elements is left to the plain rules.
        if last >= 0 { return tokenizer.stopped(p) }
        var high: UInt64 = 0
        var bits: UInt64 = 0
        var hasMarkup = false
        let start = from + cw_scan_text(from, &high)
        guard let q = tokenizer.finishText(start, &high, &bits, &hasMarkup) else { return nil }
        guard q[1] == UInt8(ascii: "/") else { return tokenizer.stopped(q) }
        frame.leaves += leaves
        if !childless(from, q, node: node) { return nil }
        return tokenizer.endTag(q + 2, open, openLength)
      }
      // The name: one of the next few in the learnt order, else by hash.
      let name = p + 1
      var found = predicted
      var tries = 0
      while found >= 0 {
        let entry = entries + Int(found)
        if XMLNames.matches(entry, name, nameBytes), isDelimiter(name[Int(entry.pointee.length)]) { break }
        tries += 1
        found = tries < 6 ? entry.pointee.next : -1
      }
      if found < 0 {
        guard let end = tokenizer.name(name) else { return nil }
        guard tokenizer.isBound(name, end - name) else { return tokenizer.fail(.namespace, name) }
        found = names.find(UnsafeBufferPointer(start: name, count: end - name), in: node, after: last)
        if found < 0 {
          guard let q = unlisted(p, end, node: node, depth: depth + 1) else { return nil }
          // No entry to go on from.
          if last < 0 { last = names.nodes[Int(node)].first }
          p = q
          continue
        }
      }
      let entry = entries + Int(found)
      predicted = entry.pointee.next
      last = found
      let length = Int(entry.pointee.length)
      var q = name + length
      var isEmpty = false
      var isNull = false
      var attributeLeaves = 0
      if q[0] == UInt8(ascii: ">") {
        q += 1
      } else if XMLNames.matches(entry.pointee.tail0, q, nameBytes) {
        q += Int(entry.pointee.tail0.length)
        isEmpty = entry.pointee.tail0.isEmpty
        isNull = entry.pointee.tail0.isNull
      } else if XMLNames.matches(entry.pointee.tail1, q, nameBytes) {
        q += Int(entry.pointee.tail1.length)
        isEmpty = entry.pointee.tail1.isEmpty
        isNull = entry.pointee.tail1.isNull
      } else {
        guard let tag = tokenizer.startTag(q, start: p) else { return nil }
        if tag.leaves == 0 { names.learn(q, tag.end - q, isEmpty: tag.isEmpty, isNull: tag.isNull, for: found) }
        attributeLeaves = tag.leaves
        isEmpty = tag.isEmpty
        isNull = tag.isNull
        q = tag.end
      }
      let target = entry.pointee.target
      let isRepeated = entry.pointee.seen == generation
      entry.pointee.seen = generation
      let isLeaf = target == .register && !isRepeated || target == .unknown
      guard isLeaf, attributeLeaves == 0, !isNull else {
        guard
          let r = element(
            p, behind: q, entry: found, node: node, attributeLeaves: attributeLeaves, isEmpty: isEmpty, isNull: isNull,
            isRepeated: isRepeated, depth: depth + 1)
        else { return nil }
        p = r
        continue
      }
      // The common case: text.
      var slot = Slot(bits: UInt64(Kind.text.rawValue))
      if isEmpty {
        slot.bits |= UInt64(truncatingIfNeeded: q - base) << 32
        p = q
      } else {
        var high: UInt64 = 0
        var bits = UInt64(Kind.text.rawValue)
        var r = q + cw_scan_text(q, &high)
        if r[0] != UInt8(ascii: "<") || r[1] != UInt8(ascii: "/") {
          var hasMarkup = false
          guard let s = tokenizer.finishText(r, &high, &bits, &hasMarkup) else { return nil }
          if s[1] != UInt8(ascii: "/") {
            guard
              let t = element(
                p, behind: q, entry: found, node: node, attributeLeaves: 0, isEmpty: false, isNull: false,
                isRepeated: isRepeated, depth: depth + 1)
            else { return nil }
            p = t
            continue
          }
          r = s
          if hasMarkup, isEmptyText(q, r) {
            bits = UInt64(Kind.text.rawValue)
            q = r
          }
        }
        if high != 0, let bad = XMLText.firstInvalid(q, r - q) { return tokenizer.fail(bad.reason, q + bad.offset) }
        if r - q > longest { return tokenizer.fail(.fieldTooLong, q) }
        slot = Slot(
          bits: UInt64(truncatingIfNeeded: q - base) << 32 | UInt64(truncatingIfNeeded: r - q) << 8 | bits)
        let s = r + 2
        if XMLNames.matches(entry, s, nameBytes), s[length] == UInt8(ascii: ">") {
          p = s + length + 1
        } else {
          guard let t = tokenizer.endTag(s, name, length) else { return nil }
          p = t
        }
      }
      if target == .unknown {
        extra(slot, leaves: 1, entry: found, isRepeated: isRepeated)
        if hasPrefixes { keepPrefix(of: UnsafeBufferPointer(start: name, count: length), outerScope, path: [], isIndexed: false) }
        continue
      }
      let register = Int(entry.pointee.value)
      if slots[register].isAbsent, entry.pointee.rank == 0 {
        slots[register] = slot
        leaves += 1
      } else {
        put(register, slot, entry: found)
      }
    }
  }

  /// Text that has markup in it and says nothing (`<![CDATA[]]>`, a comment).
  private func isEmptyText(_ p: Pointer, _ q: Pointer) -> Bool {
    let source = UnsafeBufferPointer(start: p, count: q - p)
    return XMLText.decode(source, into: frame.arena.room(source.count + 64)) == 0
  }

  // MARK: - Less common elements

  /// An element with leaf attributes, a null, an object, a list, one that no mapping names, one with child elements.
  @inline(never)
  private func element(
    _ p: Pointer, behind q: Pointer, entry index: Int32, node: Int32, attributeLeaves: Int, isEmpty: Bool, isNull: Bool,
    isRepeated: Bool, depth: Int
  ) -> Pointer? {
    let entry = names.entries[Int(index)]
    let base = tokenizer.state.pointee.base
    switch entry.target {
    case .object:
      if isRepeated || objectIsTaken(entry) { return tokenizer.fail(.repeatedElement, p) }
      let inner = entry.value
      if attributeLeaves > 0,
        !attributes(attributeLeaves, in: names.attributeNode(ofNode: inner), path: names.paths[Int(entry.path)])
      {
        return nil
      }
      let object = OpenObject(attributes: attributeLeaves, isNull: isNull)
      openObjects.append(object)
      defer { openObjects.removeLast() }
      if isEmpty { return childless(q, q, node: inner) ? q : nil }
      return content(q, node: inner, open: p + 1, openLength: Int(entry.length), depth: depth)
    case .list:
      var leaves = 0
      guard let end = tokenizer.skip(p, depth: depth, leaves: &leaves) else { return nil }
      let list = Int(entry.value)
      do throws(FormatError) {
        let raw = Array(UnsafeBufferPointer(start: p, count: end - p))
        var parser = XMLReferenceParser(raw, limits: limits, checksNamespaces: false)
        try fillElement(parser.root(), of: list, at: p - base, scope: outerScope)
      } catch {
        return tokenizer.fail(error.reason, p)
      }
      return end
    case .register, .unknown:
      if entry.target == .register, isRepeated { return tokenizer.fail(.repeatedElement, p) }
      // Text?
      var slot = Slot(.text, offset: q - base, length: 0)
      var end = q
      var isText = true
      var isBlank = true
      if !isEmpty {
        guard let (text, r) = text(q) else { return nil }
        if isNull { isBlank = self.isBlank(text) }
        slot = text
        end = r
        isText = r[1] == UInt8(ascii: "/")
        if isText {
          guard let s = tokenizer.endTag(r + 2, p + 1, Int(entry.length)) else { return nil }
          end = s
        }
      }
      if isText, isNull, isBlank { slot = .null }
      if isText, entry.target == .register {
        if attributeLeaves > 0, !attributes(attributeLeaves, in: names.attributeNode(of: index), path: path(of: index))
        {
          return nil
        }
        put(Int(entry.value), slot, entry: index)
        return end
      }
      if isText, attributeLeaves == 0 {
        extra(slot, leaves: 1, entry: index, isRepeated: isRepeated)
        if hasPrefixes {
          keepPrefix(
            of: UnsafeBufferPointer(start: p + 1, count: Int(entry.length)), outerScope, path: [], isIndexed: false)
        }
        return end
      }
      var leaves = 0
      guard let s = tokenizer.skip(p, depth: depth, leaves: &leaves) else { return nil }
      if s - p > limits.field { return tokenizer.fail(.fieldTooLong, p) }
      let subtree = Slot(.subtree, offset: p - base, length: s - p)
      if entry.target == .register {
        frame.hasContainerLeaf = true
        put(Int(entry.value), subtree, entry: index, leaves: leaves)
      } else {
        extra(subtree, leaves: leaves, entry: index, isRepeated: isRepeated)
      }
      if hasPrefixes { keepPrefixes(ofRaw: UnsafeBufferPointer(start: p, count: s - p)) }
      return s
    }
  }

  private struct OpenObject {
    var attributes: Int
    var isNull: Bool
  }

  @exclusivity(unchecked) private var openObjects: [OpenObject] = []
  @exclusivity(unchecked) private var takenObjects: [Int32] = []

  /// Another spelling of an object that was there already: left to the plain rules, which know both.
  private func objectIsTaken(_ entry: XMLNames.Entry) -> Bool {
    if takenObjects.contains(entry.value) { return true }
    takenObjects.append(entry.value)
    return false
  }

  /// A text run from behind a start tag to the next tag's `<`.
  private func text(_ q: Pointer) -> (Slot, Pointer)? {
    var high: UInt64 = 0
    var bits = UInt64(Kind.text.rawValue)
    var hasMarkup = false
    var start = q
    guard let r = tokenizer.finishText(q + cw_scan_text(q, &high), &high, &bits, &hasMarkup) else { return nil }
    if hasMarkup, isEmptyText(q, r) {
      bits = UInt64(Kind.text.rawValue)
      start = r
    }
    if high != 0, let bad = XMLText.firstInvalid(q, r - q) {
      _ = tokenizer.fail(bad.reason, q + bad.offset)
      return nil
    }
    if r - q > limits.field {
      _ = tokenizer.fail(.fieldTooLong, q)
      return nil
    }
    let base = tokenizer.state.pointee.base
    let slot = Slot(
      bits: UInt64(truncatingIfNeeded: start - base) << 32 | UInt64(truncatingIfNeeded: r - start) << 8 | bits)
    return (slot, r)
  }

  private func isBlank(_ slot: Slot) -> Bool { frame.text(slot).allSatisfy { XMLText.isBlank($0) } }

  /// An object without child elements: its text from `from` to `to`, validated but for UTF-8.
  private func childless(_ from: Pointer, _ to: Pointer, node: Int32) -> Bool {
    let register = names.nodes[Int(node)].text
    if node == 0, register < 0, from == to || from + cw_skip_blanks(from) >= to { return true }
    guard let (slot, _) = from == to ? (Slot(.text, offset: 0, length: 0), from) : text(from) else { return false }
    let isBlank = self.isBlank(slot)
    var value = slot
    let object = node == 0 ? nil : openObjects.last
    if isBlank, object?.isNull == true { value = .null }
    if register >= 0 {
      put(Int(register), value)
      return true
    }
    let path = names.paths[Int(names.nodes[Int(node)].path)]
    if node == 0 {
      if !isBlank { extra(value, leaves: 1, path: Array("#text".utf8)) }
    } else if object?.attributes ?? 0 == 0 {
      extra(value, leaves: 1, path: path)
    } else if !value.isEmptyText {
      extra(value, leaves: 1, path: path + Array(".#text".utf8))
    }
    return true
  }

  /// An element whose name is past the limit on unknown names.
  private func unlisted(_ p: Pointer, _ nameEnd: Pointer, node: Int32, depth: Int) -> Pointer? {
    // Whether it is repeated is not known without its entry: left to the plain rules.
    tokenizer.fail(.notWellFormed, p)
  }

  /// The leaf attributes of a start tag, which stand in the tokenizer's list.
  private func attributes(_ count: Int, in node: Int32, path: [UInt8]) -> Bool {
    guard node >= 0 else {
      _ = tokenizer.fail(.notWellFormed, tokenizer.attributes[0].name)
      return false
    }
    generation &+= 1
    for i in 0..<count {
      let attribute = tokenizer.attributes[i]
      let name = UnsafeBufferPointer(start: attribute.name, count: Int(attribute.nameLength))
      let source = UnsafeBufferPointer(start: attribute.value, count: Int(attribute.valueLength))
      if source.count > limits.field {
        _ = tokenizer.fail(.fieldTooLong, attribute.value)
        return false
      }
      var slot = Slot(.text, offset: attribute.value - tokenizer.state.pointee.base, length: source.count)
      if attribute.isEscaped {
        let target = frame.arena.room(source.count + 64)
        let length = XMLText.decodeAttribute(source, into: target)
        slot = Slot(.text, offset: frame.arena.used, length: length, space: .arena)
        frame.arena.used += length
      }
      let entry = names.find(name, in: node, after: -1, isAttribute: true)
      if entry < 0 {
        var own = path
        PathText.append([UInt8(ascii: "@")] + Array(name), to: &own)
        extra(slot, leaves: 1, path: own)
      } else if names.entries[Int(entry)].target == .register {
        put(Int(names.entries[Int(entry)].value), slot, entry: entry)
      } else {
        extra(slot, leaves: 1, entry: entry, isRepeated: false)
      }
    }
    return true
  }

  // MARK: - Into the frame

  func path(of entry: Int32) -> [UInt8] {
    let index = names.entries[Int(entry)].path
    return index >= 0 ? names.paths[Int(index)] : []
  }

  private func put(_ register: Int, _ slot: Slot, entry: Int32, leaves: Int = 1) {
    let rank = names.entries[Int(entry)].rank
    if rank == 0, frame.slots[register].isAbsent {
      frame.slots[register] = slot
      frame.leaves += leaves
      return
    }
    put(register, slot, leaves: leaves, rank: rank, path: path(of: entry))
  }

  /// A value for a register. Of two spellings of one field the better one wins (`XMLNames.Entry.rank`), of two alike the first;
  /// the other becomes an extra under its own.
  func put(
    _ register: Int, _ slot: Slot, leaves: Int = 1, rank: UInt8 = 0, path: @autoclosure () -> [UInt8] = []
  ) {
    if frame.slots[register].isAbsent {
      frame.slots[register] = slot
      frame.leaves += leaves
      if rank > 0 { variants.append((register, rank, path(), leaves)) }
      return
    }
    frame.hasLosingSpelling = true
    if let index = variants.firstIndex(where: { $0.register == register }), rank < variants[index].rank {
      let loser = variants.remove(at: index)
      frame.leaves -= loser.leaves
      extra(frame.slots[register], leaves: loser.leaves, path: loser.path)
      frame.slots[register] = slot
      frame.leaves += leaves
      if rank > 0 { variants.append((register, rank, path(), leaves)) }
    } else {
      extra(slot, leaves: leaves, path: path())
    }
  }

  func extra(_ slot: Slot, leaves: Int, path: [UInt8]) {
    frame.leaves += leaves
    let index = names.intern(path: path)
    let text = index < 0 ? frame.store(path) : .absent
    frame.extras.append(Frame.Extra(path: index, value: slot, leaves: Int32(clamping: leaves), pathText: text))
  }

  /// A path with an index is no name of its own: it is not interned.
  func extra(_ slot: Slot, leaves: Int, indexedPath path: [UInt8]) {
    frame.leaves += leaves
    frame.extras.append(
      Frame.Extra(path: -1, value: slot, leaves: Int32(clamping: leaves), pathText: frame.store(path)))
  }

  /// A value that no mapping names. A name met twice becomes a list: the first value gets the index 0 after the fact.
  private func extra(_ slot: Slot, leaves: Int, entry index: Int32, isRepeated: Bool) {
    let entry = names.entries + Int(index)
    if !isRepeated {
      entry.pointee.extra = Int32(truncatingIfNeeded: frame.extras.count)
      entry.pointee.repeats = 0
      frame.leaves += leaves
      frame.extras.append(Frame.Extra(path: entry.pointee.path, value: slot, leaves: Int32(clamping: leaves)))
      return
    }
    let path = path(of: index)
    if entry.pointee.repeats == 0 {
      var first = path
      PathText.append(index: 0, to: &first)
      let place = Int(entry.pointee.extra)
      frame.extras[place].path = -1
      frame.extras[place].pathText = frame.store(first)
    }
    entry.pointee.repeats += 1
    var own = path
    PathText.append(index: Int(entry.pointee.repeats), to: &own)
    extra(slot, leaves: leaves, indexedPath: own)
  }
}

extension FormatReason {
  /// The record is bad, but where it ends is certain (SEMANTICS S21).
  var spoilsRecordOnly: Bool {
    switch self {
    case .invalidUTF8, .forbiddenCharacter, .tooDeep, .fieldTooLong, .recordTooLong, .repeatedElement,
      .tooManyAttributes,
      .startTagTooLong, .notARecord:
      true
    case .unexpectedByte, .truncated, .duplicateName, .badEscape, .loneSurrogate, .badNumber, .badLiteral,
      .controlCharacter,
      .trailingData, .badReference, .unknownEntity, .mismatchedTag, .duplicateAttribute, .doctype, .badEncoding,
      .notWellFormed, .namespace, .raggedRow, .strayQuote, .unterminatedQuote, .duplicateColumn, .badPercentEscape:
      false
    }
  }
}
