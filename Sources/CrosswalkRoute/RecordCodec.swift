package import CrosswalkFormats
package import CrosswalkMapping
package import CrosswalkModel

/// Reads and writes the records of one system as they stand, leaf by leaf: without a canonical model between, so that nothing is
/// recoded. For what plays a system or calls it; files go from system to system by a `Plan`.
///
/// Not for several threads at once.
package final class RecordCodec {
  /// Values in the order of `leaves`; nil where nothing stands.
  package typealias Record = [Tree?]

  package struct Received {
    package var record: Record
    /// What the system has no field for: path and value.
    package var unknown: [Tree.Member]
  }

  /// Which fields stand in which document.
  package struct Form: Hashable {
    package var shape: Shape
    package var format: Format
    /// The shape whose fields are shown.
    package var fields: Shape
    /// Fields that are left out, and objects of them.
    package var without: [String] = []
    /// A member of the envelope that says that more follows.
    package var more: [PathStep]?
    /// Another envelope than the shape's.
    package var envelope: Template?

    package init(_ shape: Shape, _ format: Format, fields: Shape? = nil) {
      self.shape = shape
      self.format = format
      self.fields = fields ?? shape
    }

    /// Without the envelope: few forms differ in it alone.
    package func hash(into hasher: inout Hasher) {
      hasher.combine(shape)
      hasher.combine(format)
      hasher.combine(fields)
      hasher.combine(without)
      hasher.combine(more)
    }
  }

  package let system: System
  /// The system's fields, and the further lines of texts that have several.
  package let leaves: [MappedLeaf]
  private let byName: [String: Int]
  private let input: Frame
  private let output: Frame
  private var readers: [Form: any RecordReader] = [:]
  private var writers: [Form: any RecordWriter] = [:]
  /// What each leaf may have.
  let kinds: [Kind]

  package init(_ system: System) {
    self.system = system
    var leaves: [MappedLeaf] = []
    for (index, field) in system.fields.enumerated() {
      for (path, name) in PlanBuilder.places(of: field) {
        let register = leaves.count
        leaves.append(MappedLeaf(name: name, path: path, field: index, register: register, layout: Layout.Leaf(register: register)))
      }
    }
    self.leaves = leaves
    byName = Dictionary(leaves.enumerated().map { ($1.name, $0) }) { first, _ in first }
    input = Frame(registers: leaves.count, encoding: .json)
    output = Frame(registers: leaves.count, encoding: .json)
    kinds = leaves.map { Kind(system.fields[$0.field]) }
  }

  package func index(of name: String) -> Int? { byName[name] }

  // MARK: - Reading

  /// The record of a document. Throws where it is none: what is wrong, and where.
  package func read(_ bytes: [UInt8], _ form: Form) throws(FormatError) -> Received {
    let reader: any RecordReader
    if let known = readers[form] {
      reader = known
    } else {
      reader = makeReader(form)
      readers[form] = reader
    }
    let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count + 64)
    defer { buffer.deallocate() }
    buffer.initialize(from: bytes, count: bytes.count)
    (buffer + bytes.count).initialize(repeating: 0, count: 64)
    input.encoding = form.format
    var position = 0
    switch reader.next(in: buffer, at: &position, to: bytes.count, isLast: true) {
    case .record: break
    case .rejected(let error), .fatal(let error): throw error
    default: throw FormatError(.notARecord, at: 0)
    }
    var record = Record(repeating: nil, count: leaves.count)
    for (index, leaf) in leaves.enumerated() {
      let slot = input.slots[leaf.register]
      if !slot.isAbsent { record[index] = Native.literal(slot, frame: input, format: form.format) }
    }
    var unknown: [Tree.Member] = []
    if input.hasExtras {
      for extra in input.extras where extra.leaves > 0 {
        let path = extra.pathText.isAbsent ? reader.path(Int(extra.path)) : Array(input.text(extra.pathText))
        unknown.append(.init(path, Native.literal(extra.value, frame: input, format: form.format)))
      }
    }
    // A further document behind the record is none of it.
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    guard position >= bytes.count || form.format == .form else { throw FormatError(.unexpectedByte, at: position) }
    return Received(record: record, unknown: unknown)
  }

  private func makeReader(_ form: Form) -> any RecordReader {
    let layout = LayoutBuilder.layout(of: leaves, in: system, format: form.format, writing: nil, received: form.shape)
    let templates = system.shapes.first { $0.shape == form.shape }.map { $0.write + $0.read } ?? []
    // NDJSON has no envelopes of its own: a line is what stands in the list of the JSON document.
    let carrier = form.format == .ndjson ? Format.json : form.format
    var paths = templates.compactMap { $0.format == carrier ? $0.template.recordPath : nil }
    if form.format == .ndjson { paths = paths.map(\.inElement) }
    switch form.format {
    case .xml: return XMLRecordReader(layout: layout, frame: input, mode: .documents(paths.first?.steps ?? []))
    case .form: return FormRecordReader(layout: layout, frame: input, ofRequest: system.requestParameters)
    default:
      var forms: [[String]] = []
      for path in paths { if let names = path.names, !forms.contains(names) { forms.append(names) } }
      return JSONRecordReader(layout: layout, frame: input, mode: .sequence, forms: forms.isEmpty ? [[]] : forms)
    }
  }

  // MARK: - Writing

  /// A document with these records.
  ///
  /// - unknown: of the first record, the second one, and so on: what stands in it and has no field.
  package func write(
    _ records: some Collection<Record>, _ form: Form, unknown: [Int: [Tree.Member]] = [:]
  ) throws(FormatError) -> [UInt8] {
    let writer: any RecordWriter
    if let known = writers[form] {
      writer = known
    } else {
      guard let made = makeWriter(form) else { throw FormatError(.notARecord, at: 0) }
      writer = made
      writers[form] = made
    }
    if records.isEmpty { return writer.empty }
    var out = OutputBuffer(capacity: 1024 * (records.count + 1))
    out.append(writer.opening)
    for (number, record) in records.enumerated() {
      if number > 0 { out.append(writer.separator) }
      output.arena.reset()
      for (index, leaf) in leaves.enumerated() {
        output.slots[leaf.register] = record[index].flatMap { Native.slot($0, frame: output, keepsKind: false) } ?? .absent
      }
      try writer.write(output, extras: unknown[number].map { extras($0, form) } ?? [], into: &out)
    }
    out.append(writer.closing)
    return Array(UnsafeBufferPointer(start: out.base, count: out.count))
  }

  private func extras(_ unknown: [Tree.Member], _ form: Form) -> [OutputExtra] {
    unknown.compactMap { member in
      let name = String(decoding: member.name, as: UTF8.self)
      guard !API.isField(name, of: form.without), let path = PathStep.parse(name) else { return nil }
      return OutputExtra(path: path, value: member.value)
    }
  }

  private func makeWriter(_ form: Form) -> (any RecordWriter)? {
    guard
      var template = form.envelope
        ?? system.shapes.first(where: { $0.shape == form.shape })?.write.first(where: { $0.format == form.format })?.template
    else { return nil }
    if let more = form.more { template = template.with(.literal(.bool(true)), at: more[...]) }
    let shown = leaves.filter { leaf in
      system.fields[leaf.field].shapes.contains(form.fields)
        && !API.isField(leaf.name, of: form.without)
    }
    let written = shown.map { leaf in
      var leaf = leaf
      leaf.layout = PlanBuilder.leafLayout(
        system.fields[leaf.field], of: system, shape: form.shape, format: form.format, register: leaf.register)
      return leaf
    }
    let layout = LayoutBuilder.layout(of: written, in: system, format: form.format, writing: form.shape)
    switch form.format {
    case .xml:
      let namespace = system.names.first { $0.format == .xml && $0.namespace != nil }?.namespace
      return XMLRecordWriter(layout: layout, template: template, shape: form.shape, namespace: namespace)
    case .form: return FormRecordWriter(layout: layout)
    default: return JSONRecordWriter(layout: layout, template: template, shape: form.shape, format: form.format)
    }
  }
}

extension Template {
  /// With a literal as a member of its objects; lists on the way are not entered.
  fileprivate func with(_ value: Template, at path: ArraySlice<PathStep>) -> Template {
    guard case .object(var members) = self, case .name(let name)? = path.first else { return self }
    let inner = path.dropFirst()
    if let index = members.firstIndex(where: { $0.name == name }) {
      members[index].value = inner.isEmpty ? value : members[index].value.with(value, at: inner)
    } else if inner.isEmpty {
      members.append(Member(name, value))
    }
    return .object(members)
  }
}
