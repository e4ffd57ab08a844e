import CSimd
package import CrosswalkModel

/// Writes XML records: `list` as a document with a record a line, the other shapes as compact documents, one a line,
/// without a declaration and with LF in text as `&#10;`.
///
/// Text that stands in XML already as we would spell it is copied; everything else is escaped (RELIABILITY R33).
package final class XMLRecordWriter: RecordWriter {
  package let opening: [UInt8]
  package let separator: [UInt8] = [0x0a]
  package let closing: [UInt8]
  package let empty: [UInt8]

  private struct Step {
    enum Action: UInt8 { case attribute, leaf, text, open, content, close }
    var action: Action
    var writesNull = true
    var writesEmpty = true
    var register: Int32 = 0
    /// What stands before and behind the value; of an open element its name, of a close its end tag.
    var before: Piece
    var behind = Piece()
    /// The whole element when it is null, and when it is empty.
    var null = Piece()
    var empty = Piece()
  }

  /// A range of `text`.
  private struct Piece {
    var offset: Int32 = 0
    var length: Int32 = 0
  }

  private var steps: [Step] = []
  private var text: [UInt8] = []
  /// Copies of both that do not move.
  private var stepBase: UnsafeMutablePointer<Step>
  private var textBase: UnsafeMutablePointer<UInt8>
  let layout: Layout
  let head: [UInt8]
  let tail: [UInt8]
  let recordName: [UInt8]
  let recordAttributes: [UInt8]
  let isLine: Bool
  /// Prefixes that the envelope declares, and what they stand for.
  let prefixes: [[UInt8]: [UInt8]]

  /// - namespace: of the document's elements, declared on its root.
  package init(layout: Layout, template: Template, shape: Shape, namespace: String? = nil) {
    self.layout = layout
    isLine = shape != .list
    let parts = XMLRecordWriter.envelope(template, namespace: namespace)
    prefixes = XMLRecordWriter.declaredPrefixes(template)
    recordName = Array(parts.recordName.utf8)
    recordAttributes = parts.recordAttributes
    if shape == .list {
      let declaration = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8)
      head = parts.head
      tail = parts.tail
      opening = declaration + parts.before + [0x0a]
      closing = [0x0a] + parts.after + [0x0a]
      empty = declaration + parts.empty + [0x0a]
    } else {
      head = parts.before + parts.head
      tail = parts.tail + parts.after
      opening = []
      closing = [0x0a]
      empty = []
    }
    stepBase = .allocate(capacity: 1)
    textBase = .allocate(capacity: 1)
    addElement(parts.recordName, layout.members, attributes: parts.recordAttributes)
    stepBase.deallocate()
    textBase.deallocate()
    stepBase = .allocate(capacity: steps.count)
    stepBase.initialize(from: steps, count: steps.count)
    textBase = .allocate(capacity: text.count + 64)
    textBase.initialize(repeating: 0, count: text.count + 64)
    textBase.update(from: text, count: text.count)
  }

  deinit {
    stepBase.deallocate()
    textBase.deallocate()
  }

  // MARK: - Compiling

  private func piece(_ bytes: [UInt8]) -> Piece {
    let piece = Piece(offset: Int32(text.count), length: Int32(bytes.count))
    text += bytes
    return piece
  }

  private func piece(_ bytes: String) -> Piece { piece(Array(bytes.utf8)) }

  private func addElement(
    _ name: String, _ members: [Layout.Member], attributes: [UInt8] = [], sibling: (key: String, value: String)? = nil
  ) {
    steps.append(Step(action: .open, before: piece(Array("<".utf8) + Array(name.utf8) + attributes)))
    for member in members where member.name.hasPrefix("@") {
      guard case .leaf(let leaf) = member.content else { continue }
      var step = leafStep(.attribute, leaf)
      step.before = piece(" \(member.name.dropFirst())=\"")
      step.behind = piece("\"")
      steps.append(step)
    }
    var start = Array(">".utf8)
    if let sibling {
      let value = XMLRecordWriter.escaped(Array(sibling.value.utf8), .text)
      if sibling.key.hasPrefix("@") {
        start = XMLRecordWriter.attribute(String(sibling.key.dropFirst()), Array(sibling.value.utf8)) + start
      } else {
        start += Array("<\(sibling.key)>".utf8) + value + Array("</\(sibling.key)>".utf8)
      }
    }
    steps.append(Step(action: .content, before: piece(start)))
    for member in members where !member.name.hasPrefix("@") { add(member.name, member.content) }
    steps.append(Step(action: .close, before: piece("</\(name)>")))
  }

  private func add(_ name: String, _ content: Layout.Content) {
    switch content {
    case .leaf(let leaf):
      guard name != "#text" else {
        steps.append(leafStep(.text, leaf))
        return
      }
      var step = leafStep(.leaf, leaf)
      let start = "<" + name + typeAttribute(leaf)
      step.before = piece(start + ">")
      step.behind = piece("</\(name)>")
      step.empty = piece(start + "/>")
      step.null = layout.nilAttribute.map { piece(start + " \($0)=\"true\"/>") } ?? step.empty
      steps.append(step)
    case .object(let members): addElement(name, members)
    case .picks(let key, let cases):
      for one in cases { addElement(name, one.members, sibling: (key, one.value)) }
    case .items(let items):
      add(name, items.sorted { $0.index < $1.index }[...], from: 0)
    }
  }

  /// Where no field has an index, and one behind it has something, stands an empty element.
  private func add(_ name: String, _ items: ArraySlice<Layout.Item>, from index: Int) {
    guard let item = items.first else { return }
    if item.index > index {
      let null = layout.nilAttribute.map { " \($0)=\"true\"" } ?? ""
      steps.append(Step(action: .open, before: piece("<\(name)\(null)/>")))
      steps.append(Step(action: .content, before: piece("")))
      add(name, items, from: index + 1)
      steps.append(Step(action: .close, before: piece("")))
    } else {
      add(name, item.content)
      add(name, items.dropFirst(), from: index + 1)
    }
  }

  private func leafStep(_ action: Step.Action, _ leaf: Layout.Leaf) -> Step {
    Step(
      action: action, writesNull: leaf.writesNull, writesEmpty: leaf.writesEmpty, register: Int32(leaf.register),
      before: Piece())
  }

  func typeAttribute(_ leaf: Layout.Leaf) -> String {
    guard let attribute = layout.typeAttribute, let type = leaf.xmlType else { return "" }
    return " \(attribute)=\"\(type)\""
  }

  // MARK: - Writing

  package func write(_ frame: Frame, extras: [OutputExtra], into out: inout OutputBuffer) throws(FormatError) {
    let start = (out.count, out.leaves)
    do throws(FormatError) {
      if extras.isEmpty { try writeSteps(frame, into: &out) } else { try writeTree(frame, extras, into: &out) }
    } catch {
      (out.count, out.leaves) = start
      throw error
    }
  }

  private struct Open {
    /// Where the element starts, where its content does, and whether it has attributes of the record's.
    var start: Int
    var content: Int
    var hasAttributes: Bool
  }

  private func writeSteps(_ frame: Frame, into out: inout OutputBuffer) throws(FormatError) {
    out.append(head)
    var open: [Open] = []
    let slots = frame.slots
    let chunk = frame.chunk
    // In a document of one line LF has to be escaped, so nothing can be copied unseen.
    let copies = frame.encoding == .xml && !isLine
    let escaping = isLine ? XMLText.Escaping.lineText : .text
    let count = steps.count
    let steps = stepBase
    let text = UnsafePointer(textBase)
    for index in 0..<count {
      let step = steps + index
      let before = text + Int(step.pointee.before.offset)
      let beforeLength = Int(step.pointee.before.length)
      switch step.pointee.action {
      case .leaf:
        let slot = slots[Int(step.pointee.register)]
        if slot.isAbsent { continue }
        let length = slot.length
        let behind = text + Int(step.pointee.behind.offset)
        let behindLength = Int(step.pointee.behind.length)
        if slot.kind == .text, length > 0 {
          out.reserve(beforeLength + behindLength + length)
          if copies, slot.space == .chunk, !slot.isOdd {
            var to = out.base + out.count
            cw_copy(to, before, beforeLength)
            to += beforeLength
            cw_copy(to, chunk + slot.offset, length)
            to += length
            cw_copy(to, behind, behindLength)
            out.count = to + behindLength - out.base
            out.leaves &+= 1
            continue
          }
          let start = out.count
          cw_copy(out.base + start, before, beforeLength)
          out.count += beforeLength
          try escape(slot, frame, escaping, into: &out)
          if out.count == start + beforeLength {
            // Escaped in its source, and nothing after all.
            out.count = start
            if step.pointee.writesEmpty || slot.isRestored { appendLeaf(step.pointee.empty, &out) }
            continue
          }
          out.append(UnsafeBufferPointer(start: behind, count: behindLength))
          out.leaves &+= 1
          continue
        }
        if slot.kind == .null {
          if step.pointee.writesNull || slot.isRestored { appendLeaf(step.pointee.null, &out) }
        } else if slot.kind == .text {
          if step.pointee.writesEmpty || slot.isRestored { appendLeaf(step.pointee.empty, &out) }
        } else {
          out.append(UnsafeBufferPointer(start: before, count: beforeLength))
          try escape(slot, frame, escaping, into: &out)
          out.append(UnsafeBufferPointer(start: behind, count: behindLength))
          out.leaves &+= 1
        }
      case .attribute:
        let slot = slots[Int(step.pointee.register)]
        if slot.isAbsent { continue }
        if slot.kind == .null, !step.pointee.writesNull, !slot.isRestored { continue }
        if slot.isEmptyText, !step.pointee.writesEmpty, !slot.isRestored { continue }
        out.append(UnsafeBufferPointer(start: before, count: beforeLength))
        try escape(slot, frame, .attribute, into: &out)
        append(step.pointee.behind, &out)
        out.leaves &+= 1
        open[open.count - 1].hasAttributes = true
      case .text:
        let start = out.count
        try escape(slots[Int(step.pointee.register)], frame, escaping, into: &out)
        if out.count > start { out.leaves &+= 1 }
      case .open:
        open.append(Open(start: out.count, content: 0, hasAttributes: open.isEmpty))
        out.append(UnsafeBufferPointer(start: before, count: beforeLength))
      case .content:
        out.append(UnsafeBufferPointer(start: before, count: beforeLength))
        open[open.count - 1].content = out.count
      case .close:
        let element = open.removeLast()
        if out.count > element.content {
          out.append(UnsafeBufferPointer(start: before, count: beforeLength))
        } else if !element.hasAttributes {
          out.count = element.start
        } else if out.base[out.count - 1] == UInt8(ascii: ">"), out.base[out.count - 2] != UInt8(ascii: "/") {
          // `<name a="…">` without content; the element that tells a list's elements apart is content enough.
          if (out.base + element.start)[0] == UInt8(ascii: "<"), isStartTagOnly(out, element.start) {
            out.count -= 1
            out.append("/>")
          } else {
            out.append(UnsafeBufferPointer(start: before, count: beforeLength))
          }
        } else {
          out.append(UnsafeBufferPointer(start: before, count: beforeLength))
        }
      }
    }
    out.append(tail)
  }

  /// Whether nothing but one start tag stands from an offset on (`>` never stands in our attributes as it is).
  private func isStartTagOnly(_ out: borrowing OutputBuffer, _ start: Int) -> Bool {
    for i in start..<(out.count - 1) where out.base[i] == UInt8(ascii: ">") { return false }
    return true
  }

  /// A null or empty element, where the format has such.
  private func appendLeaf(_ piece: Piece, _ out: inout OutputBuffer) {
    append(piece, &out)
    if piece.length > 0 { out.leaves &+= 1 }
  }

  private func append(_ piece: Piece, _ out: inout OutputBuffer) {
    text.withUnsafeBufferPointer {
      out.append(UnsafeBufferPointer(rebasing: $0[Int(piece.offset)..<Int(piece.offset + piece.length)]))
    }
  }

  private func escape(
    _ slot: Slot, _ frame: Frame, _ escaping: XMLText.Escaping, into out: inout OutputBuffer
  ) throws(FormatError) {
    switch slot.kind {
    case .absent, .null, .emptyObject, .emptyArray: return
    case .true: out.append("true")
    case .false: out.append("false")
    case .number: out.append(frame.raw(slot))
    case .text:
      do throws(FormatError) {
        try XMLText.escape(frame.text(slot), as: escaping, isPadded: slot.space != .pool, into: &out)
      } catch {
        throw FormatError(error.reason, at: slot.space == .chunk ? slot.offset : frame.start)
      }
    case .subtree:
      // The plan lets only values of its own making into a leaf (`native`): their text.
      do throws(FormatError) {
        try XMLText.escape(frame.raw(slot), as: escaping, isPadded: slot.space != .pool, into: &out)
      } catch {
        throw FormatError(error.reason, at: frame.start)
      }
    }
  }
}
