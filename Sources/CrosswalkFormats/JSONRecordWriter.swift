import CSimd
package import CrosswalkModel

/// Writes JSON records: `list` as `[`, a record a line, `]`; the other shapes, and NDJSON, one document a line. Compact, non-ASCII
/// as it is, `/` bare.
///
/// A string that stands in JSON already, with no escape that we would spell otherwise, is copied as it stands.
package final class JSONRecordWriter: RecordWriter {
  package let opening: [UInt8]
  package let separator: [UInt8]
  package let closing: [UInt8]
  package let empty: [UInt8]

  fileprivate struct Step {
    enum Action: UInt8 { case leaf, open, close }
    var action: Action
    var isText: Bool
    var writesNull: Bool
    var writesEmpty: Bool
    var register: Int32
    /// The bytes before the value (`"name":`, `"place":{`), with a comma in front that is left out for a first member.
    var prefix: Int32
    var length: Int32
  }

  private let steps: UnsafeMutablePointer<Step>
  private let stepCount: Int
  private let text: UnsafeMutablePointer<UInt8>
  private let head: [UInt8]
  private let tail: [UInt8]
  /// What stands between two records that are written one after the other: `head` and `tail` as one allocation each.
  private let frameBytes: UnsafeMutablePointer<UInt8>
  private let layout: Layout

  /// Steps on their way to becoming the writer's.
  fileprivate struct Compiler {
    var steps: [Step] = []
    var text: [UInt8] = []
  }

  /// - template: the shape's; `nil` for a bare record a line (NDJSON of a bare list).
  package init(layout: Layout, template: Template, shape: Shape, format: Format) {
    self.layout = layout
    let isDocument = shape == .list && format == .json
    var element = template
    var before: [UInt8] = []
    var after: [UInt8] = []
    if shape == .list {
      // NDJSON holds what the list's elements are: the wrapper but not the envelope.
      (before, after, element) = JSONRecordWriter.envelope(template)
    }
    let (wrapBefore, wrapAfter) = JSONRecordWriter.wrapper(element)
    head = wrapBefore
    tail = wrapAfter
    if isDocument {
      opening = before + [0x0a]
      separator = Array(",\n".utf8)
      closing = [0x0a] + after + [0x0a]
      empty = before + after + [0x0a]
    } else {
      opening = []
      separator = [0x0a]
      closing = [0x0a]
      empty = []
    }
    var compiler = Compiler()
    compiler.add(layout.members)
    stepCount = compiler.steps.count
    steps = .allocate(capacity: max(stepCount, 1))
    steps.initialize(from: compiler.steps, count: stepCount)
    text = .allocate(capacity: compiler.text.count + 64)
    text.initialize(repeating: 0, count: compiler.text.count + 64)
    for (index, byte) in compiler.text.enumerated() { text[index] = byte }
    frameBytes = .allocate(capacity: head.count + tail.count + 64)
    frameBytes.initialize(repeating: 0, count: head.count + tail.count + 64)
    for (index, byte) in (head + tail).enumerated() { frameBytes[index] = byte }
  }

  deinit {
    steps.deallocate()
    text.deallocate()
    frameBytes.deallocate()
  }

  // MARK: - Compiling

  /// A list's envelope around its elements: the bytes up to `[`, from `]` on, and the element's template.
  private static func envelope(_ template: Template) -> ([UInt8], [UInt8], Template) {
    switch template {
    case .list(let element): return (Array("[".utf8), Array("]".utf8), element)
    case .object(let members):
      var before = Array("{".utf8)
      var after: [UInt8] = []
      var element = Template.record
      var found = false
      for (index, member) in members.enumerated() {
        let comma = index > 0 ? Array(",".utf8) : []
        let name = comma + quoted(member.name) + Array(":".utf8)
        if !found, member.value.recordPath != nil {
          found = true
          let inner = envelope(member.value)
          before += name + inner.0
          after = inner.1
          element = inner.2
        } else if found {
          after += name + literal(member.value)
        } else {
          before += name + literal(member.value)
        }
      }
      return (before, after + Array("}".utf8), element)
    case .record, .bind, .literal: return ([], [], template)
    }
  }

  /// The bytes around one record of an element or a document.
  private static func wrapper(_ template: Template) -> ([UInt8], [UInt8]) {
    switch template {
    case .record, .bind, .literal: return ([], [])
    case .list(let element):
      let inner = wrapper(element)
      return (Array("[".utf8) + inner.0, inner.1 + Array("]".utf8))
    case .object(let members):
      var before = Array("{".utf8)
      var after: [UInt8] = []
      var found = false
      for (index, member) in members.enumerated() {
        let comma = index > 0 ? Array(",".utf8) : []
        let name = comma + quoted(member.name) + Array(":".utf8)
        if !found, member.value.recordPath != nil {
          found = true
          let inner = wrapper(member.value)
          before += name + inner.0
          after = inner.1
        } else if found {
          after += name + literal(member.value)
        } else {
          before += name + literal(member.value)
        }
      }
      return (before, after + Array("}".utf8))
    }
  }

  fileprivate static func quoted(_ name: String) -> [UInt8] {
    var out = OutputBuffer()
    Array(name.utf8).withUnsafeBufferPointer { JSONText.appendString($0, to: &out) }
    return Array(out.bytes)
  }

  private static func literal(_ template: Template) -> [UInt8] {
    var out = OutputBuffer()
    switch template {
    case .literal(let tree): JSONTree.append(tree, to: &out)
    case .object(let members):
      out.append("{")
      for (index, member) in members.enumerated() {
        if index > 0 { out.append(",") }
        out.append(quoted(member.name))
        out.append(":")
        out.append(literal(member.value))
      }
      out.append("}")
    case .list(let element):
      out.append("[")
      out.append(literal(element))
      out.append("]")
    case .record, .bind: out.append("null")
    }
    return Array(out.bytes)
  }

  // MARK: - Writing

  package func write(_ frame: Frame, extras: [OutputExtra], into out: inout OutputBuffer) throws(FormatError) {
    if !extras.isEmpty {
      writeTree(frame, extras: extras, into: &out)
      return
    }
    out.append(UnsafeBufferPointer(start: frameBytes, count: head.count))
    out.append(UInt8(ascii: "{"))
    let start = out.count
    var opened: [(mark: Int, content: Int)] = []
    // Where the object that is being written begins: a member that stands there has no comma.
    var content = start
    let slots = frame.slots
    let isJSON = frame.encoding.isJSON
    let chunk = frame.chunk
    let text = UnsafePointer(self.text)
    var next = UnsafePointer(steps)
    let last = next + stepCount
    while next < last {
          let step = next.pointee
          next += 1
          switch step.action {
          case .leaf:
            let slot = slots[Int(step.register)]
            if slot.isAbsent { continue }
            let length = slot.length
            let prefix = text + Int(step.prefix)
            var prefixLength = Int(step.length)
            var from = prefix
            if out.count == content {
              from += 1
              prefixLength -= 1
            }
            switch slot.kind {
            case .text:
              if length == 0, !step.writesEmpty, !slot.isRestored { continue }
              out.reserve(prefixLength + 2 + length * 6)
              var to = out.base + out.count
              cw_copy(to, from, prefixLength)
              to += prefixLength
              to[0] = UInt8(ascii: "\"")
              to += 1
              if isJSON, slot.space == .chunk, !slot.isOdd {
                cw_copy(to, chunk + slot.offset, length)
                to += length
              } else {
                let plain = frame.text(slot)
                to += JSONText.escape(plain.baseAddress!, plain.count, into: to)
              }
              to[0] = UInt8(ascii: "\"")
              out.count = to + 1 - out.base
            case .number:
              out.reserve(prefixLength + 2 + length)
              var to = out.base + out.count
              cw_copy(to, from, prefixLength)
              to += prefixLength
              let raw = frame.raw(slot)
              let isQuoted = step.isText && !slot.isRestored
              if isQuoted {
                to[0] = UInt8(ascii: "\"")
                to += 1
              }
              cw_copy(to, raw.baseAddress!, length)
              to += length
              if isQuoted {
                to[0] = UInt8(ascii: "\"")
                to += 1
              }
              out.count = to - out.base
            case .null:
              if !step.writesNull, !slot.isRestored { continue }
              out.append(UnsafeBufferPointer(start: from, count: prefixLength))
              out.append("null")
            case .true, .false:
              out.append(UnsafeBufferPointer(start: from, count: prefixLength))
              let word = slot.kind == .true ? "true" : "false"
              out.append(step.isText && !slot.isRestored ? "\"\(word)\"" : word)
            case .subtree:
              // The plan lets only JSON of its own making into a leaf (`native`).
              out.append(UnsafeBufferPointer(start: from, count: prefixLength))
              out.append(frame.raw(slot))
            case .emptyObject, .emptyArray: continue
            case .absent: continue
            }
          case .open:
            opened.append((out.count, content))
            var from = text + Int(step.prefix)
            var length = Int(step.length)
            if out.count == content {
              from += 1
              length -= 1
            }
            out.append(UnsafeBufferPointer(start: from, count: length))
            // An element that begins with the member that tells it apart takes a comma for what follows.
            content = from[length - 1] == UInt8(ascii: "{") || from[length - 1] == UInt8(ascii: "[") ? out.count : -out.count
          case .close:
            let (mark, outer) = opened.removeLast()
            if out.count == abs(content) {
              out.count = mark
            } else {
              out.append(UnsafeBufferPointer(start: text + Int(step.prefix), count: Int(step.length)))
            }
            content = outer
          }
    }
    out.append(UInt8(ascii: "}"))
    out.append(UnsafeBufferPointer(start: frameBytes + head.count, count: tail.count))
  }

  /// The slow way, for records with something restored that the layout has no place for.
  private func writeTree(_ frame: Frame, extras: [OutputExtra], into out: inout OutputBuffer) {
    var tree = RecordTree.build(layout.members, frame: frame)
    for extra in extras { tree = RecordTree.insert(extra.value, at: extra.path[...], into: tree) }
    out.append(head)
    JSONTree.append(tree ?? .object([]), to: &out)
    out.append(tail)
  }
}

extension JSONRecordWriter.Compiler {
  mutating func add(_ members: [Layout.Member]) {
    for member in members {
      add(member.content, prefix: Array(",".utf8) + JSONRecordWriter.quoted(member.name) + Array(":".utf8))
    }
  }

  private mutating func add(_ content: Layout.Content, prefix: [UInt8]) {
    switch content {
    case .leaf(let leaf):
      steps.append(
        .init(
          action: .leaf, isText: leaf.isText, writesNull: leaf.writesNull, writesEmpty: leaf.writesEmpty,
          register: Int32(leaf.register), prefix: Int32(text.count), length: Int32(prefix.count)))
      text += prefix
    case .object(let members):
      group(open: prefix + Array("{".utf8), close: Array("}".utf8)) { $0.add(members) }
    case .picks(let key, let cases):
      group(open: prefix + Array("[".utf8), close: Array("]".utf8)) { compiler in
        for one in cases {
          // The member that tells the elements apart comes first; it alone does not make an element.
          let sibling = JSONRecordWriter.quoted(key) + Array(":".utf8) + JSONRecordWriter.quoted(one.value)
          compiler.group(open: Array(",{".utf8) + sibling, close: Array("}".utf8)) { $0.add(one.members) }
        }
      }
    case .items(let items):
      group(open: prefix + Array("[".utf8), close: Array("]".utf8)) { compiler in
        for item in items.sorted(by: { $0.index < $1.index }) { compiler.add(item.content, prefix: Array(",".utf8)) }
      }
    }
  }

  private mutating func group(open: [UInt8], close: [UInt8], _ body: (inout Self) -> Void) {
    add(.open, open)
    body(&self)
    add(.close, close)
  }

  private mutating func add(_ action: JSONRecordWriter.Step.Action, _ bytes: [UInt8]) {
    steps.append(
      .init(
        action: action, isText: false, writesNull: false, writesEmpty: false, register: 0, prefix: Int32(text.count),
        length: Int32(bytes.count)))
    text += bytes
  }
}

/// A `Tree` as compact JSON.
package enum JSONTree {
  package static func append(_ tree: Tree, to out: inout OutputBuffer) {
    switch tree {
    case .null: out.append("null")
    case .bool(let value): out.append(value ? "true" : "false")
    case .number(let characters): out.append(characters)
    case .text(let text): text.withUnsafeBufferPointer { JSONText.appendString($0, to: &out) }
    case .array(let items):
      out.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        append(item, to: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        member.name.withUnsafeBufferPointer { JSONText.appendString($0, to: &out) }
        out.append(UInt8(ascii: ":"))
        append(member.value, to: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }
}
