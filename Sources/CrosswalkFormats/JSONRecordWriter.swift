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
  /// Bytes of all prefixes and brackets; the most steps that share a register.
  private let fixed: Int
  private let sharing: Int
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
    fixed = compiler.text.count + 32 * compiler.steps.count
    var uses: [Int32: Int] = [:]
    for step in compiler.steps where step.action == .leaf { uses[step.register, default: 0] += 1 }
    sharing = uses.values.max() ?? 1
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
    // Each leaf may be written as often as steps name its register: room for all of it, escaped, at once.
    let texts = (frame.end - frame.start + frame.arena.used + frame.poolCount) * sharing + 256
    out.reserve(head.count + tail.count + fixed + texts * 6)
    var to = out.base + out.count
    cw_copy(to, frameBytes, head.count)
    to += head.count
    to[0] = UInt8(ascii: "{")
    to += 1
    let slots = frame.slots
    let isJSON = frame.encoding.isJSON
    let chunk = frame.chunk
    let arena = frame.arena.base
    let text = UnsafePointer(self.text)
    // Where the object that is being written begins: a member that stands there has no comma.
    var content = to
    var opened: [(mark: UnsafeMutablePointer<UInt8>, content: UnsafeMutablePointer<UInt8>, start: UnsafeMutablePointer<UInt8>)] = []
    var begin = to
    var next = UnsafePointer(steps)
    let last = next + stepCount
    #if !CROSSWALK_WITHOUT_BOOKS
      var leaves = 0
    #endif
    while next < last {
      let step = next
      next += 1
      if step.pointee.action == .leaf {
        let slot = slots[Int(step.pointee.register)]
        let kind = slot.bits & 15
        if kind <= 1, kind == 0 || !step.pointee.writesNull && !slot.isRestored { continue }
        let length = slot.length
        if kind == UInt64(Kind.text.rawValue), length == 0, !step.pointee.writesEmpty, !slot.isRestored { continue }
        #if !CROSSWALK_WITHOUT_BOOKS
          leaves &+= 1
        #endif
        var from = text + Int(step.pointee.prefix)
        var prefixLength = Int(step.pointee.length)
        if to == content {
          from += 1
          prefixLength &-= 1
        }
        if kind == UInt64(Kind.text.rawValue) {
          cw_copy(to, from, prefixLength)
          to += prefixLength
          to[0] = UInt8(ascii: "\"")
          to += 1
          // In the chunk, with no escape but our own: space and `isOdd` are all zero. Or left escaped in the arena.
          if isJSON, slot.bits & 0xe0 == 0 {
            cw_copy(to, chunk + slot.offset, length)
            to += length
          } else if slot.isEscaped, slot.space == .arena {
            cw_copy(to, UnsafePointer(arena) + slot.offset, length)
            to += length
          } else {
            let plain = frame.text(slot)
            to += JSONText.escape(plain.baseAddress!, plain.count, into: to)
          }
          to[0] = UInt8(ascii: "\"")
          to += 1
        } else if isJSON, slot.bits & 0xff == UInt64(Kind.number.rawValue) {
          // A number of the chunk: its characters, in quotes where the field is text.
          cw_copy(to, from, prefixLength)
          to += prefixLength
          to[0] = UInt8(ascii: "\"")
          if step.pointee.isText { to += 1 }
          cw_copy(to, chunk + slot.offset, length)
          to += length
          to[0] = UInt8(ascii: "\"")
          if step.pointee.isText { to += 1 }
        } else {
          to = scalar(slot, step, frame, from, prefixLength, to)
        }
        continue
      }
      if step.pointee.action == .open {
        opened.append((to, content, begin))
        var from = text + Int(step.pointee.prefix)
        var length = Int(step.pointee.length)
        if to == content {
          from += 1
          length -= 1
        }
        cw_copy(to, from, length)
        to += length
        begin = to
        // An element that begins with the member that tells it apart takes a comma for what follows.
        let byte = from[length - 1]
        content = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") ? to : out.base
      } else {
        let (mark, outer, outerBegin) = opened.removeLast()
        if to == begin {
          to = mark
        } else {
          cw_copy(to, text + Int(step.pointee.prefix), Int(step.pointee.length))
          to += Int(step.pointee.length)
        }
        content = outer
        begin = outerBegin
      }
    }
    to[0] = UInt8(ascii: "}")
    to += 1
    cw_copy(to, frameBytes + head.count, tail.count)
    to += tail.count
    out.count = to - out.base
    #if !CROSSWALK_WITHOUT_BOOKS
      out.leaves &+= leaves
    #endif
  }

  /// A leaf that is no text.
  @inline(never)
  private func scalar(
    _ slot: Slot, _ step: UnsafePointer<Step>, _ frame: Frame, _ prefix: UnsafePointer<UInt8>, _ prefixLength: Int,
    _ start: UnsafeMutablePointer<UInt8>
  ) -> UnsafeMutablePointer<UInt8> {
    let isQuoted = step.pointee.isText && !slot.isRestored
    let value: UnsafeBufferPointer<UInt8>
    switch slot.kind {
    case .null:
      if !step.pointee.writesNull, !slot.isRestored { return start }
      value = JSONRecordWriter.word("null")
    case .true: value = JSONRecordWriter.word("true")
    case .false: value = JSONRecordWriter.word("false")
    // A subtree is JSON of the plan's own making (`native`): it lets no other container into a leaf.
    case .number, .subtree: value = frame.raw(slot)
    case .absent, .text, .emptyObject, .emptyArray: return start
    }
    var to = start
    cw_copy(to, prefix, prefixLength)
    to += prefixLength
    let needsQuotes = isQuoted && slot.kind != .null && slot.kind != .subtree
    if needsQuotes {
      to[0] = UInt8(ascii: "\"")
      to += 1
    }
    to.update(from: value.baseAddress!, count: value.count)
    to += value.count
    if needsQuotes {
      to[0] = UInt8(ascii: "\"")
      to += 1
    }
    return to
  }

  private static func word(_ text: StaticString) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  /// The slow way, for records with something restored that the layout has no place for.
  private func writeTree(_ frame: Frame, extras: [OutputExtra], into out: inout OutputBuffer) {
    let tree = RecordTree.insert(
      extras.map { ($0.path[...], $0.value) }, into: RecordTree.build(layout.members, frame: frame), .object(layout.members),
      plainly: { RecordTree.insert($0, at: $1, into: $2) })
    out.leaves += RecordTree.leafCount(layout.members, frame: frame) + extras.reduce(0) { $0 + $1.leaves }
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
        compiler.add(items.sorted { $0.index < $1.index }[...], from: 0)
      }
    }
  }

  /// Where no field has an index, and one behind it has something, stands a null.
  private mutating func add(_ items: ArraySlice<Layout.Item>, from index: Int) {
    guard let item = items.first else { return }
    if item.index > index {
      group(open: Array(",null".utf8), close: []) { $0.add(items, from: index + 1) }
    } else {
      add(item.content, prefix: Array(",".utf8))
      add(items.dropFirst(), from: index + 1)
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
  package static func text(_ tree: Tree) -> String { String(decoding: bytes(tree), as: UTF8.self) }

  package static func bytes(_ tree: Tree) -> [UInt8] {
    var out = OutputBuffer()
    append(tree, to: &out)
    return Array(out.bytes)
  }

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
