import CrosswalkModel

/// Writes records as URL-encoded parameters, one record a line: `clientName=ACME%20Client&city=Paris`.
///
/// Null is left out (the format has none), empty text is `name=`. Everything but `A-Z a-z 0-9 - . _ ~` is percent-encoded.
package final class FormRecordWriter: RecordWriter {
  package let opening: [UInt8] = []
  package let separator = [UInt8(ascii: "\n")]
  package let closing = [UInt8(ascii: "\n")]
  package let empty: [UInt8] = []

  private struct Parameter {
    var register: Int
    var writesEmpty: Bool
    var name: [UInt8]
    /// The encoded name and `=`.
    var prefix: [UInt8]
  }

  private let parameters: [Parameter]

  package init(layout: Layout) {
    parameters = layout.columns.map { column in
      Parameter(
        register: column.leaf.register, writesEmpty: column.leaf.writesEmpty, name: Array(column.name.utf8),
        prefix: FormRecordWriter.prefix(Array(column.name.utf8)))
    }
  }

  package func write(_ frame: Frame, extras: [OutputExtra], into out: inout OutputBuffer) throws(FormatError) {
    let start = out.count
    for parameter in parameters {
      let slot = frame.slots[parameter.register]
      switch slot.kind {
      case .absent, .null: continue
      case .true: begin(parameter.prefix, start, &out); append("true", to: &out)
      case .false: begin(parameter.prefix, start, &out); append("false", to: &out)
      case .emptyObject: begin(parameter.prefix, start, &out); append("{}", to: &out)
      case .emptyArray: begin(parameter.prefix, start, &out); append("[]", to: &out)
      case .number, .text, .subtree:
        let text = frame.text(slot)
        if text.isEmpty, !parameter.writesEmpty { continue }
        begin(parameter.prefix, start, &out)
        FormText.encode(text, into: &out)
      }
    }
    for extra in extras where accepts(extra) {
      let name = FormRecordWriter.name(extra.path)
      if parameters.contains(where: { $0.name == name && frame.slots[$0.register].kindBits > Kind.null.rawValue }) { continue }
      begin(FormRecordWriter.prefix(name), start, &out)
      switch extra.value {
      case .bool(let value): append(value ? "true" : "false", to: &out)
      case .number(let text), .text(let text): text.withUnsafeBufferPointer { FormText.encode($0, into: &out) }
      case .null, .object, .array: break
      }
    }
  }

  /// Whether a value can be written as a further parameter: scalars other than null.
  package func accepts(_ extra: OutputExtra) -> Bool {
    switch extra.value {
    case .bool, .number, .text: true
    case .null, .object, .array: false
    }
  }

  private func begin(_ prefix: [UInt8], _ start: Int, _ out: inout OutputBuffer) {
    if out.count > start { out.append(UInt8(ascii: "&")) }
    out.append(prefix)
    out.leaves &+= 1
  }

  private func append(_ word: StaticString, to out: inout OutputBuffer) {
    FormText.encode(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount), into: &out)
  }

  private static func prefix(_ name: [UInt8]) -> [UInt8] {
    var out = OutputBuffer()
    name.withUnsafeBufferPointer { FormText.encode($0, into: &out) }
    out.append(UInt8(ascii: "="))
    return Array(out.bytes)
  }

  /// A flat name: the members joined by dots, without the quotes that a path needs around odd names.
  private static func name(_ path: [PathStep]) -> [UInt8] {
    var name = ""
    for step in path {
      switch step {
      case .name(let member): name += name.isEmpty ? member : "." + member
      case .index(let index): name += "[\(index)]"
      case .pick(let key, let value): name += "[\(key)=\(value)]"
      }
    }
    return Array(name.utf8)
  }
}
